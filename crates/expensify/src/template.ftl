<#-- Prints reports as JSON Lines: one self-contained object a line, so that batches rendered apart can be joined.
     A batch opens with a header line and closes with an end line, so that a file cut short shows.
     What has no content is left out. Numbers go through ?c and texts through ?json_string: nothing is formatted. --><#t>
<#macro value of><#t>
<#if of?is_number || of?is_boolean>${of?c}<#t>
<#elseif of?is_date_like>"${of?string("yyyy-MM-dd HH:mm:ss")}"<#t>
<#elseif of?is_string>"${of?json_string}"<#t>
<#else>""</#if><#t>
</#macro><#t>
<#macro field name of><#if of?is_number || of?is_boolean || of?has_content>,"${name}":<@value of=of/></#if></#macro><#t>
<#macro nested name of names><#if of?is_hash><#list names as part><@field name=name + "." + part of=(of[part])!""/></#list></#if></#macro><#t>
<#macro fields of names><#list names as name><@field name=name of=(of[name])!""/></#list></#macro><#t>
{"mlc":1,"kind":"header"<#if reports?is_sequence>,"reports":${reports?size?c}</#if>}
<#list reports as report><#t>
{"mlc":1,"kind":"report","reportID":<@value of=(report.reportID)!""/><#t>
<@fields of=report names=["oldReportID", "reportName", "policyID", "policyName", "accountEmail", "accountID",
  "submitterUserID", "submitterPayrollID", "employeeCustomField1", "employeeCustomField2", "managerEmail",
  "managerUserID", "managerPayrollID", "status", "state", "displayStatus", "currency", "total", "created",
  "submitted", "approved", "reimbursed", "entryID", "isACHReimbursed"]/><#t>
<@nested name="submitter" of=(report.submitter)!"" names=["firstName", "lastName", "fullName"]/><#t>
<@nested name="manager" of=(report.manager)!"" names=["firstName", "lastName", "fullName"]/><#t>
<#if report.approvers?? && report.approvers?is_enumerable>,"approvers":[<#t>
<#list report.approvers as approver>{"email":<@value of=(approver.email)!""/><#t>
<@fields of=approver names=["date", "firstName", "lastName", "fullName", "employeeUserID", "employeePayrollID"]/><#t>
}<#if approver_has_next>,</#if></#list>]</#if><#t>
<#if report.customField?? && report.customField?is_hash_ex>,"reportFields":{<#t>
<#list report.customField?keys as name>"${name?json_string}":<@value of=(report.customField[name])!""/><#t>
<#if name_has_next>,</#if></#list>}</#if><#t>
<#if report.transactionList??>,"expenseCount":${report.transactionList?size?c},"expenses":[<#t>
<#list report.transactionList as expense>{"transactionID":<@value of=(expense.transactionID)!""/><#t>
<@fields of=expense names=["type", "amount", "modifiedAmount", "convertedAmount", "currency",
  "currencyConversionRate", "category", "categoryGlCode", "categoryPayrollCode", "tag", "tagGlCode", "comment",
  "merchant", "modifiedMerchant", "created", "modifiedCreated", "inserted", "reimbursable", "billable", "bank",
  "cardID", "cardName", "cardNumber", "mcc", "modifiedMCC", "hasTax", "taxAmount", "modifiedTaxAmount", "taxName",
  "taxRate", "taxRateName", "taxCode", "receiptID", "receiptFilename", "isDistance"]/><#t>
<#if (expense.tag)?has_content || (expense.ntag1)?has_content>,"ntags":[<#t>
<#list 1..10 as level><@value of=(expense["ntag" + level?c])!""/><#if level_has_next>,</#if></#list>],"ntagGlCodes":[<#t>
<#list 1..10 as level><@value of=(expense["ntag" + level?c + "GlCode"])!""/><#if level_has_next>,</#if></#list>]</#if><#t>
<@nested name="receiptObject" of=(expense.receiptObject)!"" names=["url"]/><#t>
<@nested name="units" of=(expense.units)!"" names=["count", "rate", "unit", "name"]/><#t>
<#if expense.attendees?? && expense.attendees?is_sequence>,"attendeeCount":${expense.attendees?size?c}</#if><#t>
}<#if expense_has_next>,</#if></#list>]</#if>}
</#list><#t>
{"mlc":1,"kind":"end"}
