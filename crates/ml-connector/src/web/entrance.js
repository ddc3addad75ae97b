// Takes the secret of a one-time link out of the address, where it would stay in the browser's history, and sends it
// with what the person entered. Nothing is kept.
"use strict";
const form = document.querySelector("form");
const said = document.querySelector("output");
const link = window.location.hash.slice(1);
window.history.replaceState(null, "", window.location.pathname);
if (!link) {
  said.textContent = "The address is incomplete: open the whole link, with what stands after its #.";
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  const button = form.querySelector("button");
  if (fields.again !== fields.password) {
    said.textContent = "The two passwords differ.";
    return;
  }
  delete fields.again;
  button.disabled = true;
  said.textContent = "";
  try {
    const answer = await fetch(form.dataset.to, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ link, ...fields }),
    });
    if (answer.ok) {
      form.remove();
      said.textContent = "Done. You can sign in now.";
      return;
    }
    const problem = await answer.json();
    said.textContent = `${problem.detail} ${problem.remedy} (${problem.code})`;
  } catch {
    said.textContent = "The service does not answer; try again.";
  }
  button.disabled = false;
});
