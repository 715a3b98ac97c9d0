"use strict";
(() => {
  // Opens what hides the place that the address names.
  const reveal = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const [, trial] = /^(?:frame|states)-(\d+)/.exec(name) || [];
    // A frame that no look of the trial shows is in its trial, and a trial that is not shown in full among all.
    let at = name && (document.getElementById(name) || (trial && (document.getElementById("trial-" + trial) || document.getElementById("trials"))));
    const target = at;
    for (; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    // The fields of a frame that was asked for are open.
    if (target && target.tagName === "TR") {
      target.focus({preventScroll: true});
      for (const d of target.closest(".scroll").parentElement.querySelectorAll(":scope > details.packet")) {
        if (d.dataset.frame === target.id) d.open = true;
      }
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

  // Lets a timeline be drawn out: what happened moves apart, and its words keep their size.
  const drawnOut = (svg) => {
    const box = svg.parentElement;
    const left = Number(svg.dataset.left), plot = Number(svg.dataset.plot), end = Number(svg.dataset.end);
    const [, , full, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const margin = full - left - plot;
    const fixed = [...svg.querySelectorAll("[data-x]")].map((e) => [e, Number(e.dataset.x)]);
    const areas = [...svg.querySelectorAll("[data-area]")];
    const bars = [...svg.querySelectorAll("rect")].map((e) => [e, Number(e.getAttribute("x")), Number(e.getAttribute("width"))]);
    const lanes = [...svg.querySelectorAll(".lane")];
    const most = 64;
    let zoom = 1;
    const seconds = () => {
      const old = svg.querySelectorAll(".second");
      const sample = old[0];
      if (!sample) return;
      const want = end / (8 * zoom), power = 10 ** Math.floor(Math.log10(want));
      const step = power * ([1, 2, 5].find((f) => power * f >= want) || 10);
      const group = [];
      for (let n = 0; n * step <= end; n++) {
        const x = left + plot * zoom * (n * step / end);
        const one = sample.cloneNode(true);
        const line = one.querySelector("path"), word = one.querySelector("text");
        line.setAttribute("d", line.getAttribute("d").replace(/^M[\d.]+/, "M" + x));
        word.setAttribute("x", x);
        word.setAttribute("text-anchor", x > left + plot * zoom - 16 ? "end" : "middle");
        word.textContent = Number((n * step).toPrecision(6)) + " s";
        group.push(one);
      }
      sample.before(...group);
      for (const e of old) e.remove();
    };
    const stay = () => {
      const scale = (left + plot * zoom + margin) / svg.getBoundingClientRect().width;
      for (const e of lanes) e.setAttribute("transform", "translate(" + box.scrollLeft * scale + " 0)");
    };
    // to draws it out so far; at, of the box's width, is what keeps its place.
    const to = (wanted, at = 0.5) => {
      const next = Math.min(most, Math.max(1, wanted));
      if (next === zoom) return;
      const before = svg.getBoundingClientRect().width / (left + plot * zoom + margin); // pixels of a unit
      const kept = ((box.scrollLeft + box.clientWidth * at) / before - left) / zoom;
      zoom = next;
      const wide = left + plot * zoom + margin;
      for (const [e, x] of fixed) e.setAttribute("transform", "translate(" + (zoom - 1) * (x - left) + " 0)");
      for (const e of areas) e.setAttribute("transform", "matrix(" + zoom + " 0 0 1 " + left * (1 - zoom) + " 0)");
      for (const [e, x, width] of bars) {
        e.setAttribute("x", left + (x - left) * zoom);
        e.setAttribute("width", width * zoom);
      }
      seconds();
      svg.setAttribute("viewBox", "0 0 " + wide + " " + height);
      svg.setAttribute("width", wide); // with the height, the shape that the browser keeps
      svg.style.setProperty("--wide", zoom === 1 ? "100%" : wide * before + "px");
      box.scrollLeft = (left + kept * zoom) * before - box.clientWidth * at;
      stay();
      less.disabled = whole.disabled = zoom === 1;
      more.disabled = zoom === most;
    };
    const bar = document.createElement("div");
    bar.className = "zoom";
    const button = (word, says, act) => {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = word;
      b.setAttribute("aria-label", says);
      b.addEventListener("click", act);
      bar.append(b);
      return b;
    };
    const less = button("−", "Zoom out", () => to(zoom / 2));
    const more = button("+", "Zoom in", () => to(zoom * 2));
    const whole = button("whole", "Show the whole trial", () => to(1));
    less.disabled = whole.disabled = true;
    box.before(bar);
    box.addEventListener("scroll", stay, {passive: true});
    box.addEventListener("keydown", (e) => {
      const by = {"+": 2, "=": 2, "-": 0.5}[e.key];
      if (by && !e.ctrlKey && !e.metaKey) to(zoom * by);
      else if (e.key === "0") to(1);
    });
    const across = (x) => (x - box.getBoundingClientRect().left) / box.clientWidth;
    box.addEventListener("wheel", (e) => {
      if (!e.ctrlKey) return;
      e.preventDefault();
      to(zoom * Math.exp(-e.deltaY / 200), across(e.clientX));
    }, {passive: false});
    let pinch = null;
    box.addEventListener("touchmove", (e) => {
      if (e.touches.length !== 2) {
        pinch = null;
        return;
      }
      e.preventDefault();
      const [a, b] = e.touches;
      const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      if (pinch) to(pinch.zoom * apart / pinch.apart, across((a.clientX + b.clientX) / 2));
      else pinch = {apart, zoom};
    }, {passive: false});
    box.addEventListener("touchend", () => { pinch = null; });
  };
  for (const svg of document.querySelectorAll("svg.timeline")) drawnOut(svg);
})();
