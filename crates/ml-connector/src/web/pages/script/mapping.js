// The mapping's grid: several rows at once, filling down, pasting, keys, and taking back what was typed. Without this
// the grid is a plain form, and everything can be done row by row.
{
  const form = document.querySelector("form[data-grid]");
  const cells = form ? [...form.querySelectorAll("input[data-cell]")] : [];
  const history = [];
  const rowOf = (cell) => cell.closest("tr");
  const chosen = () => cells.filter((cell) => rowOf(cell).hasAttribute("data-chosen"));
  const changed = () => cells.filter((cell) => cell.value.trim() !== cell.defaultValue);
  const count = form?.querySelector("[data-count]");
  const undo = form?.querySelector("[data-do=undo]");
  let sent = false;

  const tell = () => {
    for (const cell of cells) rowOf(cell).toggleAttribute("data-changed", cell.value.trim() !== cell.defaultValue);
    const number = changed().length;
    count.textContent = number === 0 ? "" : number === 1 ? "1 change not saved" : `${number} changes not saved`;
    undo.disabled = history.length === 0;
  };
  // Sets several cells as one step, which is taken back as one.
  const set = (steps) => {
    const made = steps.filter(([cell, value]) => cell.value !== value).map(([cell, value]) => [cell, cell.value, value]);
    if (made.length === 0) return;
    history.push(made.map(([cell, before]) => [cell, before]));
    for (const [cell, , value] of made) cell.value = value;
    tell();
  };
  const move = (cell, step) => {
    const next = cells[cells.indexOf(cell) + step];
    if (next) {
      next.focus();
      next.select();
    }
    return next;
  };
  const proposal = (cell) => rowOf(cell).querySelector("input[data-score]");
  const fill = (cell) => {
    const rows = chosen();
    if (rows.length > 1) {
      const from = rows.find((row) => row.value.trim() !== "") ?? rows[0];
      set(rows.map((row) => [row, from.value]));
    } else if (cell) {
      const above = cells[cells.indexOf(cell) - 1];
      if (above) set([[cell, above.value]]);
    }
  };
  // One column goes down from this cell; two go to the rows that have their texts.
  const paste = (cell, text) => {
    const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
    const first = cells.indexOf(cell);
    const steps = lines.flatMap((line, at) => {
      const parts = line.split("\t").map((part) => part.trim());
      if (parts.length === 1) return cells[first + at] ? [[cells[first + at], parts[0]]] : [];
      const row = cells.find((one) => one.dataset.source.toLowerCase() === parts[0].toLowerCase());
      return row && parts[1] ? [[row, parts[1]]] : [];
    });
    set(steps);
  };
  const keys = (event) => {
    const cell = event.target;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && control) {
      form.requestSubmit(form.querySelector("button[name=do][value=ask]"));
    } else if (event.key === "Enter") {
      move(cell, event.shiftKey ? -1 : 1);
    } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      if (event.shiftKey) rowOf(cell).setAttribute("data-chosen", "");
      const next = move(cell, event.key === "ArrowDown" ? 1 : -1);
      if (event.shiftKey && next) rowOf(next).setAttribute("data-chosen", "");
    } else if (control && event.key.toLowerCase() === "d") {
      fill(cell);
    } else if (event.altKey && event.key.toLowerCase() === "p") {
      const offered = proposal(cell);
      if (offered) set([[cell, offered.value]]);
    } else if (event.key === "Escape") {
      set([[cell, cell.defaultValue]]);
      for (const one of chosen()) rowOf(one).removeAttribute("data-chosen");
    } else {
      return;
    }
    event.preventDefault();
  };
  const choose = (event) => {
    const cell = rowOf(event.target)?.querySelector("input[data-cell]");
    if (!event.shiftKey || !cell || event.target.closest("a,button,label,summary")) return;
    event.preventDefault();
    const last = cells.indexOf(document.activeElement);
    const at = cells.indexOf(cell);
    const from = last < 0 ? at : last;
    for (const one of cells.slice(Math.min(from, at), Math.max(from, at) + 1)) rowOf(one).setAttribute("data-chosen", "");
    cell.focus();
  };
  // Charts that are too long for a list are looked up while somebody types.
  const list = document.getElementById("targets");
  let asked = 0;
  const lookUp = async (cell) => {
    const turn = ++asked;
    const query = new URLSearchParams({ starts_with: cell.value.trim(), active: "true", limit: "20" });
    try {
      const answer = await fetch(`${form.dataset.lookup}?${query}`, { headers: { accept: "application/json" } });
      if (!answer.ok || turn !== asked) return;
      const { items } = await answer.json();
      list.replaceChildren(...items.map((item) => new Option(item.name, item.id)));
    } catch {
      // Whoever knows the number can type it all the same.
    }
  };
  if (cells.length > 0) {
    form.querySelector("[data-gridbar]").hidden = false;
    for (const cell of cells) {
      let before = cell.value;
      cell.addEventListener("focus", () => (before = cell.value));
      cell.addEventListener("change", () => {
        if (cell.value !== before) history.push([[cell, before]]);
        before = cell.value;
        tell();
      });
      cell.addEventListener("keydown", keys);
      cell.addEventListener("paste", (event) => {
        const text = event.clipboardData.getData("text/plain");
        if (!/[\n\t]/.test(text)) return;
        event.preventDefault();
        paste(cell, text);
      });
      if (form.dataset.lookup) cell.addEventListener("input", () => lookUp(cell));
    }
    form.querySelector("tbody").addEventListener("mousedown", choose);
    for (const box of form.querySelectorAll("input[data-score]")) {
      box.addEventListener("change", () => {
        const cell = rowOf(box).querySelector("input[data-cell]");
        set([[cell, box.checked ? box.value : cell.defaultValue]]);
      });
    }
    form.querySelector("[data-do=proposals]").addEventListener("click", () => {
      const rows = chosen().length > 0 ? chosen() : cells;
      const sure = rows.map((cell) => [cell, proposal(cell)]).filter(([, box]) => box && Number(box.dataset.score) >= 80);
      for (const [, box] of sure) box.checked = true;
      set(sure.map(([cell, box]) => [cell, box.value]));
    });
    form.querySelector("[data-do=fill]").addEventListener("click", () => fill(null));
    undo.addEventListener("click", () => {
      for (const [cell, before] of history.pop() ?? []) cell.value = before;
      tell();
    });
    form.addEventListener("submit", () => (sent = true));
    addEventListener("beforeunload", (event) => {
      if (!sent && changed().length > 0) event.preventDefault();
    });
    addEventListener("pageshow", () => {
      sent = false;
      tell();
    });
  }
  // A file is read here and goes in as text, like what is pasted.
  for (const file of document.querySelectorAll("input[type=file][data-into]")) {
    file.closest("[data-file]").hidden = false;
    file.addEventListener("change", async () => {
      const [chosenFile] = file.files;
      if (chosenFile) document.getElementById(file.dataset.into).value = await chosenFile.text();
    });
  }
}
