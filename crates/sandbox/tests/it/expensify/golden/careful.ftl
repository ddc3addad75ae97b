<#-- One JSON array of reports: every text escaped, every number plain, nothing printed that is not there. -->
[
<#list reports as report>
  {
    "id": "${(report.reportID!"")?json_string}",
    "name": "${(report.reportName!"")?json_string}",
    "owner": "${report.accountEmail?if_exists?json_string}",
    "manager": "${((report.manager.fullName)!"")?json_string}",
    "status": "${(report.status!"")?json_string}",
    "approved": <#if report.approved?has_content>"${report.approved?json_string}"<#else>null</#if>,
    "total": <#if report.total?has_content>${report.total?c}<#else>null</#if>,
    "paidByAch": ${(report.isACHReimbursed!false)?c},
    "fields": {<#if report.customField?? && report.customField?is_hash_ex><#list report.customField?keys as key>"${key?json_string}": "${report.customField[key]?json_string}"<#if key_has_next>, </#if></#list></#if>},
    "expenses": [
    <#list report.transactionList as expense>
      {
        "id": "${(expense.transactionID!"")?json_string}",
        "merchant": "${(expense.modifiedMerchant?has_content)?then(expense.modifiedMerchant, expense.merchant!"")?json_string}",
        "category": "${(expense.category!"")?json_string}",
        "tag": "${(expense.tag!"")?json_string}",
        "department": "${(expense.ntag1!"")?json_string}",
        "departmentCode": "${(expense.ntag1GlCode!"")?json_string}",
        "comment": "${(expense.comment!"")?json_string}",
        "amount": ${expense.amount?c},
        <#if expense.modifiedAmount?has_content>
        "modifiedAmount": ${expense.modifiedAmount?c},
        </#if>
        <#if expense.convertedAmount?has_content>
        "convertedAmount": ${expense.convertedAmount?c},
        </#if>
        <#if expense.currencyConversionRate?has_content>
        "rate": ${expense.currencyConversionRate?c},
        </#if>
        "currency": "${expense.currency!""}",
        "reimbursable": ${expense.reimbursable?string("true", "false")},
        "people": [<#list expense.attendees![] as person>"${(person.displayName!"")?json_string}"<#sep>, </#sep></#list>],
        "receipt": "${((expense.receiptObject.url)!"")?json_string}"
      }<#if expense?has_next>,</#if>
    </#list>
    ]
  }<#if report_has_next>,</#if>
</#list>
]
