// Takes the secret of a one-time link out of the address, where it would stay in the browser's history, and puts it
// into the form's own field. Without script a person copies it there.
{
  const field = document.querySelector("input[data-link]");
  if (field) {
    const secret = location.hash.slice(1);
    if (secret) {
      field.value = secret;
      history.replaceState(null, "", location.pathname);
      field.closest(".field").hidden = true;
    }
  }
}
