// Threads from expenses to the lines that they became. The numbers beside the lines say the same without script.
{
  const field = document.querySelector("[data-threads]");
  const gap = field?.querySelector(".threads");
  if (gap) {
    const space = "http://www.w3.org/2000/svg";
    const draw = () => {
      gap.replaceChildren();
      const box = gap.getBoundingClientRect();
      if (box.width < 20) return;
      const picture = document.createElementNS(space, "svg");
      picture.setAttribute("width", box.width);
      picture.setAttribute("height", box.height);
      const middle = (element) => {
        const place = element.getBoundingClientRect();
        return place.top - box.top + place.height / 2;
      };
      for (const line of field.querySelectorAll("[data-from]")) {
        for (const name of line.dataset.from.split(" ")) {
          const expense = document.getElementById(name);
          if (!expense) continue;
          const [from, to, half] = [middle(expense), middle(line), box.width / 2];
          const path = document.createElementNS(space, "path");
          path.setAttribute("d", `M0 ${from}C${half} ${from} ${half} ${to} ${box.width} ${to}`);
          path.dataset.of = name;
          if (line.dataset.from.split(" ").length > 3) path.classList.add("many");
          picture.append(path);
        }
      }
      gap.append(picture);
    };
    const light = (names) => {
      for (const path of gap.querySelectorAll("path")) path.classList.toggle("lit", names.includes(path.dataset.of));
      for (const item of field.querySelectorAll(".item")) {
        const own = item.dataset.thread ? [item.dataset.thread] : (item.dataset.from ?? "").split(" ");
        item.classList.toggle("lit", own.some((name) => name && names.includes(name)));
      }
    };
    const touched = (event) => {
      const item = event.target.closest?.(".item");
      light(item ? (item.dataset.thread ?? item.dataset.from ?? "").split(" ") : []);
    };
    field.addEventListener("pointerover", touched);
    field.addEventListener("focusin", touched);
    field.addEventListener("pointerleave", () => light([]));
    field.addEventListener("toggle", draw, true);
    new ResizeObserver(draw).observe(field);
    new MutationObserver(draw).observe(document.getElementById("report-lines"), { childList: true });
    draw();
  }
}
