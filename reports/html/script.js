"use strict";
(() => {
  // Opens what hides the place that the address names.
  const reveal = () => {
    let at = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const target = at;
    for (; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Shows only the lines that hold the words looked for.
  const search = (input, output, body) => {
    const wanted = input.value.toLowerCase();
    let found = 0, all = 0;
    for (const part of body.querySelectorAll("details.lines")) {
      let here = 0;
      for (const line of part.querySelectorAll("li:not(.gap)")) {
        const hit = !wanted || line.textContent.toLowerCase().includes(wanted);
        line.hidden = !hit;
        all++;
        if (hit) here++;
      }
      found += here;
      part.classList.toggle("none", here === 0);
      part.querySelector(".hits").textContent = wanted ? "— " + here : "";
      if (wanted) part.open = here > 0;
    }
    output.textContent = wanted ? found + " of " + all + " shown lines" : "";
  };
  for (const input of document.querySelectorAll("input.q")) {
    const box = input.closest(".search");
    const body = input.closest(".body");
    let timer = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, 120, input, box.querySelector("output"), body);
    });
    box.hidden = false;
  }

})();
