<#if addHeader>{"format": "lines", "batch": ${reports?size?c}}
</#if>
<#list reports as report><#t>
{"report":"${report.reportID}","old":"${report.oldReportID}","state":"${report.state!""}","shown":"${report.displayStatus!""}","expenses":${report.transactionList?size?c},"ids":[<#list report.transactionList as expense>"${expense.transactionID}"<#sep>,</#list>]}
</#list>
