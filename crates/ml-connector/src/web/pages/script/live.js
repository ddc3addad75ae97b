// Live parts. Where a page names a stream, it is read again when something changed, and the parts that differ are put
// in place of the old ones. What a person is typing in is left alone. Without this, a reload shows the same.
{
  const main = document.querySelector("main[data-live]");
  let wanted = false;
  let busy = false;
  const refresh = async () => {
    if (busy || document.hidden) {
      wanted = true;
      return;
    }
    busy = true;
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok && !answer.redirected) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of fresh.querySelectorAll("[data-part]")) {
          const old = document.getElementById(part.id);
          if (old && !old.dataset.touched && old.innerHTML !== part.innerHTML) {
            const open = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
            old.innerHTML = part.innerHTML;
            for (const id of open) {
              const again = document.getElementById(id);
              if (again) again.open = true;
            }
          }
        }
      }
    } catch {
      // The stream says so again when the service is back.
    }
    busy = false;
    if (wanted) refresh();
  };
  if (main) {
    const stream = new EventSource(main.dataset.live);
    stream.addEventListener("change", refresh);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && wanted) refresh();
    });
  }
  // What a person has begun to fill in stays as it is.
  document.addEventListener("input", (event) => {
    const part = event.target.closest("[data-part]");
    if (part) part.dataset.touched = "yes";
  });
  // A filter applies itself; its button is for those without script.
  for (const form of document.querySelectorAll("form[data-self]")) {
    form.addEventListener("change", () => form.requestSubmit());
    for (const button of form.querySelectorAll("button")) button.hidden = true;
  }
  // A form that was sent is not sent twice.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}
