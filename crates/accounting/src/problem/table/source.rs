//! What goes wrong at the source: `2xx`. One row a code; see the parent for what a row says.

macro_rules! source {
    ($next:ident $($rest:ident)* ; $($rows:tt)*) => { $next! { $($rest)* ; $($rows)*
        201 SourceCredentials SourceAdmin "Expensify refuses the credentials"
            "The partner user id and secret are wrong or revoked."
            "Create new credentials at expensify.com/tools/integrations and put them into the flow's references."
        202 SourcePermission SourceAdmin "Expensify refuses access"
            "The credentials may not see what was asked for."
            "Make the credentials' owner an administrator of the workspace."
        203 SourceRateLimited Operator "Expensify's rate limit was reached"
            "More requests were made with these credentials than Expensify allows, perhaps by another program."
            "Wait; the next run tries again. Give this connector credentials of its own."
        204 SourceUnreachable Operator "Expensify cannot be reached"
            "Name resolution, connection or TLS failed."
            "Check the machine's network, firewall and clock; the next run tries again."
        205 SourceRefused Operator "Expensify refuses the request"
            "Expensify found the request invalid."
            "See the detail; report this if the flow's settings look right."
        206 SourceFault Operator "Expensify has a fault"
            "Expensify answered with an error of its own or a page instead of data."
            "Wait; the next run tries again."
        207 ExportTruncated Operator "Export is incomplete"
            "The file ended before its last report was whole, or its header is missing."
            "Nothing after the break was read; the next run reads it again."
        208 ExportNotReady Operator "Export is not ready"
            "Expensify did not finish the file in time."
            "Wait; the next run asks again."
        209 PolicyUnknown SourceAdmin "Workspace is not visible"
            "A workspace that the flow names is not among those the credentials see."
            "Correct the id, or give the credentials' owner access to it."
    } };
}
