"use strict";
// Narrows the list of findings; without it all of them are there.
(() => {
  const form = document.querySelector(".filter");
  if (form) {
    const words = form.querySelector("input[type=search]");
    const said = document.getElementById("shown");
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const severities = new Set([...form.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value));
      let shown = 0;
      let all = 0;
      for (const kind of document.querySelectorAll("#findings .kind")) {
        let here = 0;
        for (const one of kind.querySelectorAll("li[data-words]")) {
          const fits = severities.has(one.dataset.severity) && wanted.every((word) => one.dataset.words.includes(word));
          one.hidden = !fits;
          here += fits;
          all += 1;
        }
        for (const bunch of kind.querySelectorAll(".bunch")) {
          bunch.hidden = !bunch.querySelector("li[data-words]:not([hidden])");
        }
        kind.hidden = here === 0 && kind.querySelector("li[data-words]") !== null;
        shown += here;
      }
      said.textContent = shown === all ? "" : `${shown} of ${all} shown`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  // On paper nothing can be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
})();
