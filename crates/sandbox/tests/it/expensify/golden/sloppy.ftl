<#if addHeader == true>
Employee,Report,Date,Merchant,Amount,Currency,Category,Tag,Level,Reimbursable,Rate,Comment<#lt>
</#if>
<#list reports as report>
    <#list report.transactionList as expense>
        <#if expense.convertedAmount?has_content>
            <#assign amount = expense.convertedAmount/100>
        <#elseif expense.modifiedAmount?has_content>
            <#assign amount = expense.modifiedAmount/100>
        <#else>
            <#assign amount = expense.amount/100>
        </#if>
        ${report.accountEmail},<#t>
        ${report.reportID},<#t>
        ${expense.created},<#t>
        ${expense.merchant},<#t>
        ${amount?string("0.00")},<#t>
        ${expense.currency},<#t>
        ${expense.category},<#t>
        ${expense.tag},<#t>
        ${expense.ntag2},<#t>
        ${expense.reimbursable?string("yes", "no")},<#t>
        ${expense.currencyConversionRate},<#t>
        ${expense.comment?replace(",", ";")}<#lt>
    </#list>
</#list>
