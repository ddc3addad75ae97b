<#macro cell label value="-" last=false>${label}=${value}<#if !last>; </#if></#macro>
<#function money hundredths><#return (hundredths / 100)?string("0.00")></#function>
<#assign seen = 0>
<#list reports as report>
<#assign seen = seen + 1>
== ${report?counter} of ${reports?size}: ${report.reportName?upper_case?replace("\n", " ")} ==
<@cell label="owner" value=report.submitter.fullName/><@cell "missing"/><@cell label="total" value=money(report.total) last=true/>
<#switch report.state><#case "APPROVED">is approved<#break><#case "REIMBURSED">is paid<#break><#default>is something else</#switch>
day ${report.created?substring(0, 10)}, month ${report.created[5..6]}, formatted ${report.created?date("yyyy-MM-dd")?string("MM/dd/yyyy")}, time ${report.created?datetime("yyyy-MM-dd HH:mm:ss")?string("HHmm")}
<#list report.transactionList as expense>
<#if expense?index gte 2><#break></#if>
${expense?index}: ${expense.amount} ${expense.amount?c} ${money(expense.amount)} ${(expense.amount lt 0)?then("credit", "debit")}<#if expense.units??> ${expense.units.count?c} ${expense.units.unit}</#if> "${(expense.category!"none")?html}" ${((expense.tag)!"")?split(":")?size} ${(expense.tag!"")?contains(":")?string("levels", "flat")}
<#else>
nothing in it
</#list>
days: ${report.transactionList?map(e -> e.created)?sort?first} to ${report.transactionList?map(e -> e.created)?sort?last}
big: ${report.transactionList?filter(e -> e.amount gt 10000)?size}, until the first card: ${report.transactionList?take_while(e -> e.reimbursable)?size}
approvers: ${(report.approvers![])?map(a -> a.email)?join(", ", "nobody")}
<#list (report.actionList)![] as action><#t>
${action.action}@${action.created}<#sep> / </#sep><#t>
</#list>

<#compress>
   spaced     out
   ${report.policyName!"no policy"}
</#compress>

<#attempt>${report.noSuchField.deeper}<#recover>recovered</#attempt>
<#escape text as text?json_string>${report.reportName}</#escape> <#noparse>${not.evaluated}</#noparse>
</#list>
${seen} reports seen
