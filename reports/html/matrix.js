"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const {roles, verdicts, subjects, tests, cells} = data;
  const all = cells.map((_, i) => i);
  const rank = verdicts.map((v) => ["fail", "flaky", "inconclusive", "blocked", "pass-with-note", "pass", "not-applicable", "not-tested"].indexOf(v.word));
  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const subject = (s) => (s < 0 ? "–" : subjects[s]); // a role may take no part
  const pair = (c) => c.s.map((s, i) => roles[i] + " " + subject(s)).join(", ");
  // What the text filter looks through, made once.
  const haystack = cells.map((c) => {
    const d = c.d ? data.deviations[c.d - 1] : {};
    return [c.k, tests[c.t].title, tests[c.t].area, verdicts[c.v].name, c.r, d.id, d.kind, d.reason, d.reference, c.q && c.q.j, ...(c.f || []).map((f) => f.w)].join("\n").toLowerCase();
  });

  const state = {words: "", test: -1, role: roles.map(() => -1), change: 0, problem: 0, hidden: new Set(), sort: "suite", down: false, view: "matrix", open: -1, at: [0, 0]};
  let shown = all;   // cells that the filters let through, in order
  let layout = null; // what the pane shows

  const keep = (c, i) => !state.hidden.has(c.v) && (state.test < 0 || c.t === state.test) && state.role.every((s, r) => s < 0 || c.s[r] === s) &&
    (!state.change || c.x === state.change) && (!state.problem || c.m === state.problem) &&
    (!state.words || state.words.every((w) => haystack[i].includes(w)));

  // Texts are put in order once: after that, cells are compared by numbers.
  const letters = new Intl.Collator("en", {numeric: true});
  const placed = (name) => {
    let at = null;
    return (a, b) => {
      if (!at) {
        const order = [...new Set(cells.map(name))].sort(letters.compare), of = new Map(order.map((w, i) => [w, i]));
        at = cells.map((c) => of.get(name(c)));
      }
      return at[a] - at[b];
    };
  };
  const compare = {
    suite: (a, b) => a - b,
    test: placed((c) => tests[c.t].id),
    options: placed((c) => c.o || ""),
    verdict: (a, b) => rank[cells[a].v] - rank[cells[b].v],
    share: (a, b) => (cells[a].n ? cells[a].p / cells[a].n : 2) - (cells[b].n ? cells[b].p / cells[b].n : 2),
    reason: placed((c) => c.r || ""),
  };
  roles.forEach((_, r) => { compare["role" + r] = (a, b) => cells[a].s[r] - cells[b].s[r]; });
  const names = {suite: "as in the suite", test: "test", options: "options", verdict: "worst first", share: "share that passed", reason: "reason"};
  roles.forEach((r, i) => { names["role" + i] = r; });

  // Both ways to lay out a matrix, made once: tests by all subjects, and, of one test, the first role's subjects by the
  // others'. Each cell has the numbers of its row and its column in each.
  const axis = (name) => {
    const at = new Map(), names = [], first = [];
    const of = cells.map((c, i) => {
      const key = name(c);
      if (!at.has(key)) {
        at.set(key, names.length);
        names.push(key);
        first.push(i);
      }
      return at.get(key);
    });
    return {names, first, of};
  };
  const options = (c) => (c.o ? " " + c.o : "");
  const called = (list) => list.map(subject).join(" × ");
  const ways = [
    {rows: axis((c) => tests[c.t].id + options(c)), cols: axis((c) => called(c.s)), skip: 0},
    {rows: axis((c) => subject(c.s[0]) + options(c)), cols: axis((c) => called(c.s.slice(1))), skip: 1},
  ];

  for (const way of ways) {
    let places = null;
    way.has = () => {
      const wide = way.cols.names.length;
      places = places || new Set(cells.map((_, i) => way.rows.of[i] * wide + way.cols.of[i]));
      return places;
    };
  }

  // A layout has rows of one height, a head, and what stands at a place. Only what is in sight is in the page.
  const matrix = () => {
    const one = state.test >= 0 && roles.length > 1, way = ways[one ? 1 : 0];
    const put = (axis, list, made, i) => {
      const n = axis.of[i];
      if (!made[n]) {
        made[n] = {n, key: axis.names[n], bad: 0, first: cells[axis.first[n]]};
        list.push(made[n]);
      }
      return made[n];
    };
    const lines = [], columns = [], rows = [], cols = [], wide = way.cols.names.length, at = new Map();
    for (const i of shown) {
      const bad = Math.max(0, 2 - rank[cells[i].v]), row = put(way.rows, lines, rows, i), col = put(way.cols, columns, cols, i);
      row.bad += bad;
      col.bad += bad;
      at.set(row.n * wide + col.n, i);
    }
    const cell = (line, col) => at.get(line.n * wide + col.n);
    const place = (e) => e.first.s.slice(way.skip).reduce((sum, s) => sum * (subjects.length + 1) + s + 1, 0);
    for (const c of columns) c.place = place(c);
    columns.sort((a, b) => a.place - b.place);
    if (one) lines.sort((a, b) => a.first.s[0] - b.first.s[0]);
    const worst = (i) => (i === undefined ? 9 : rank[cells[i].v]);
    if (state.sort === "verdict") {
      lines.sort((a, b) => b.bad - a.bad);
      columns.sort((a, b) => b.bad - a.bad);
    } else if (state.sort === "test") {
      lines.sort((a, b) => letters.compare(a.key, b.key));
    } else if (state.sort.startsWith("column:")) {
      const by = columns.find((c) => c.key === state.sort.slice(7));
      if (by) lines.sort((a, b) => worst(cell(a, by)) - worst(cell(b, by)));
    } else if (state.sort.startsWith("line:")) {
      const by = lines.find((l) => l.key === state.sort.slice(5));
      if (by) columns.sort((a, b) => worst(cell(by, a)) - worst(cell(by, b)));
    }
    if (state.down) (state.sort.startsWith("line:") ? columns : lines).reverse();
    // What has no cell in the suite, and what has one that the filters leave out.
    const hidden = (row, col) => way.has().has(lines[row].n * wide + columns[col].n);
    return {kind: "grid", across: roles.slice(way.skip).join(" × "), lines, columns, hidden, at: (row, col) => lines[row] && columns[col] && cell(lines[row], columns[col])};
  };
  const list = () => ({kind: "list", lines: shown, columns: [0], at: (row) => shown[row]});

  const pane = $("pane"), plane = $("plane"), panel = $("panel");
  let px = 16, size = {};
  const measure = () => {
    px = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const narrow = matchMedia("(max-width:60rem)").matches;
    const longest = (keys, most) => Math.min(most, Math.max(6, ...keys.map((k) => k.length * 0.5 + 1.6)));
    if (layout.kind === "list") {
      size = {row: (narrow ? 3.4 : 2) * px, head: narrow ? 0 : 2 * px, name: 0, box: 0};
      plane.style.setProperty("--columns", "minmax(8rem,1.3fr) " + roles.map(() => "minmax(6.5rem,.8fr)").join(" ") + " minmax(3rem,.7fr) 8rem 4.5rem minmax(8rem,2.4fr)");
    } else {
      const name = longest(layout.lines.map((l) => l.key), narrow ? 9.5 : 19), top = longest(layout.columns.map((c) => c.key), 15);
      size = {row: 1.9 * px, head: top * px, name: name * px, box: 2.6 * px};
      plane.style.setProperty("--name", name + "rem");
      plane.style.setProperty("--top", top + "rem");
      plane.style.setProperty("--box", "2.6rem");
    }
  };

  const label = (i) => {
    const c = cells[i], v = verdicts[c.v];
    return c.k + ": " + v.name + (c.n ? ", " + c.p + " of " + c.n + " passed" : "");
  };
  const listHead = () => {
    const head = make("div", "heads");
    head.setAttribute("role", "row");
    for (const [key, word] of [["test", "Test"], ...roles.map((r, i) => ["role" + i, r]), ["options", "Options"], ["verdict", "Verdict"], ["share", "Passed"], ["reason", "Reason"]]) {
      const cell = make("span");
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-sort", state.sort === key ? (state.down ? "descending" : "ascending") : "none");
      const b = make("button", "", word);
      b.type = "button";
      b.dataset.sort = key;
      cell.append(b);
      head.append(cell);
    }
    return head;
  };
  const gridHead = (from, to) => {
    const head = make("div", "heads");
    head.setAttribute("role", "row");
    const corner = make("div", "name", layout.across);
    corner.setAttribute("role", "columnheader");
    head.append(corner);
    for (let n = from; n < to; n++) {
      const col = make("div", "col"), b = make("button", "", layout.columns[n].key);
      col.setAttribute("role", "columnheader");
      col.style.left = size.name + n * size.box + "px";
      b.type = "button";
      b.title = layout.columns[n].key;
      b.dataset.sort = "column:" + layout.columns[n].key;
      b.tabIndex = -1;
      col.append(b);
      head.append(col);
    }
    return head;
  };
  const listRow = (n) => {
    const i = layout.lines[n], c = cells[i], v = verdicts[c.v], row = make("div", "r");
    row.append(make("span", "l-test", tests[c.t].id));
    c.s.forEach((s) => row.append(make("span", "l-role", subject(s))));
    row.append(make("span", "l-options", c.o || ""));
    const word = make("span", "l-verdict c-" + v.word);
    word.append(make("span", "sign", v.sign), " " + v.name);
    row.append(word, make("span", "l-share", c.n ? c.p + " of " + c.n : ""), make("span", "l-reason", c.r || ""), make("span", "l-pair", pair(c) + (c.o ? ", " + c.o : "")));
    for (const e of row.children) e.setAttribute("role", "gridcell");
    row.title = c.r || "";
    row.dataset.cell = i;
    return row;
  };
  const gridRow = (n, from, to) => {
    const line = layout.lines[n], row = make("div", "r"), name = make("div", "name"), b = make("button", "", line.key);
    b.type = "button";
    b.title = line.key;
    b.dataset.sort = "line:" + line.key;
    b.tabIndex = -1;
    name.setAttribute("role", "rowheader");
    name.append(b);
    row.append(name);
    row.style.width = size.name + layout.columns.length * size.box + "px";
    for (let k = from; k < to; k++) {
      const i = layout.at(n, k), box = make("div");
      box.setAttribute("role", "gridcell");
      box.style.left = size.name + k * size.box + "px";
      if (i === undefined) {
        const hidden = layout.hidden(n, k);
        box.className = "b none";
        box.textContent = hidden ? "" : "×";
        box.title = hidden ? "filtered out" : "not in the suite";
        box.setAttribute("aria-label", box.title);
      } else {
        const c = cells[i], v = verdicts[c.v];
        box.className = "b c-" + v.word;
        box.textContent = v.sign;
        if (v.word === "flaky") box.append(make("small", "", c.p + "/" + c.n));
        box.dataset.cell = i;
        box.title = label(i);
        box.setAttribute("aria-label", label(i));
      }
      if (state.at[0] === n && state.at[1] === k) {
        box.classList.add("at");
        box.id = "at";
      }
      row.append(box);
    }
    return row;
  };
  const draw = () => {
    const rows = layout.lines.length, cols = layout.columns.length;
    const top = Math.max(0, pane.scrollTop - size.row * 2), from = Math.floor(top / size.row);
    const to = Math.min(rows, Math.ceil((pane.scrollTop + pane.clientHeight) / size.row) + 2);
    let left = 0, right = cols;
    if (layout.kind === "grid") {
      left = Math.max(0, Math.floor(pane.scrollLeft / size.box) - 2);
      right = Math.min(cols, Math.ceil((pane.scrollLeft + pane.clientWidth - size.name) / size.box) + 2);
    }
    plane.className = "plane " + layout.kind;
    plane.style.height = size.head + rows * size.row + "px";
    plane.style.width = layout.kind === "grid" ? size.name + cols * size.box + "px" : "";
    const parts = [layout.kind === "grid" ? gridHead(left, right) : listHead()];
    for (let n = from; n < to; n++) {
      const row = layout.kind === "grid" ? gridRow(n, left, right) : listRow(n);
      row.setAttribute("role", "row");
      row.setAttribute("aria-rowindex", n + 2);
      row.style.top = size.head + n * size.row + "px";
      if (layout.kind === "list" && state.at[0] === n) {
        row.classList.add("at");
        row.id = "at";
      }
      parts.push(row);
    }
    // A head that has the focus keeps it.
    const focused = plane.contains(document.activeElement) && document.activeElement.dataset.sort;
    plane.replaceChildren(...parts);
    if (focused) {
      const again = [...plane.querySelectorAll("[data-sort]")].find((b) => b.dataset.sort === focused);
      if (again) again.focus({preventScroll: true});
    }
    pane.setAttribute("role", "grid");
    pane.setAttribute("aria-rowcount", rows + 1);
    pane.setAttribute("aria-colcount", layout.kind === "grid" ? cols + 1 : roles.length + 5);
    if ($("at")) pane.setAttribute("aria-activedescendant", "at");
    else pane.removeAttribute("aria-activedescendant");
  };

  // Filters and orders all cells, and shows them.
  const show = () => {
    shown = all.filter((i) => keep(cells[i], i));
    if (state.view === "list") {
      if (compare[state.sort] && state.sort !== "suite") shown.sort(compare[state.sort]);
      if (state.down) shown.reverse();
    }
    layout = state.view === "list" ? list() : matrix();
    state.at = [0, 0];
    pane.scrollTop = pane.scrollLeft = 0;
    pane.setAttribute("aria-label", state.view === "list" ? "Cells, one a row" : state.test < 0 ? "Tests by subjects" : "Subjects by subjects, of " + tests[state.test].id);
    $("shown").textContent = shown.length + " of " + cells.length + " cells" + (state.problem ? ", those of problem " + state.problem : "");
    measure();
    draw();
  };

  const link = (href, words) => {
    const a = make("a", "", words);
    a.href = href;
    return a;
  };
  const bits = (rows) => {
    const table = make("table", "bits"), head = make("thead"), ruler = make("tr"), body = make("tbody");
    for (const n of [0, 8, 16, 24]) {
      const th = make("th", "", n);
      th.colSpan = 8;
      ruler.append(th);
    }
    head.append(ruler);
    table.append(make("caption", "", "32 bits a row, as they are sent"), head, body);
    for (const r of rows) {
      const tr = make("tr");
      for (const b of r) {
        const td = make("td", b.m ? "more" : "");
        td.colSpan = b.b;
        if (b.n) td.append(make("span", "field", b.n));
        if (b.v) td.append(" ", make("b", "", b.v));
        tr.append(td);
      }
      body.append(tr);
    }
    return table;
  };
  const open = (i, focus) => {
    const c = cells[i], v = verdicts[c.v], d = c.d ? data.deviations[c.d - 1] : null;
    state.open = i;
    const close = make("button", "close", "✕");
    close.type = "button";
    close.setAttribute("aria-label", "Close the cell");
    close.addEventListener("click", shut);
    const title = make("h3", "", c.k);
    title.id = "panel-title";
    const word = make("p"), mark = make("span", "verdict-word c-" + v.word);
    mark.append(make("span", "sign", v.sign), " " + v.name);
    word.append(mark);
    const parts = [close, title, word];
    const facts = make("dl");
    const fact = (name, ...what) => {
      const dd = make("dd");
      dd.append(...what);
      facts.append(make("dt", "", name), dd);
    };
    if (c.n) {
      const meter = make("span", "meter"), wide = make("i"), point = make("b");
      meter.setAttribute("role", "img");
      meter.setAttribute("aria-label", "95 % interval " + c.w[0] + " to " + c.w[1] + " %");
      wide.style.left = c.w[0] + "%";
      wide.style.width = c.w[1] - c.w[0] + "%";
      point.style.left = 100 * c.p / c.n + "%";
      meter.append(wide, point);
      fact("Passed", c.p + " of " + c.n + " valid trials" + (c.a > c.n ? ", of " + c.a + " in all" : ""), meter, make("span", "dim", "95 % interval " + c.w[0] + " to " + c.w[1] + " % (Wilson)"));
    } else {
      fact("Passed", c.a ? "no valid trial of " + c.a : "no trial");
    }
    fact("Test", tests[c.t].title || tests[c.t].id);
    c.s.forEach((s, r) => fact(roles[r], subject(s)));
    if (c.o) fact("Options", c.o);
    if (c.y) fact("Before", c.y);
    if (c.e) fact("Took", c.e);
    if (c.g) fact("Taken from", c.g + ", where it was the same");
    parts.push(facts);
    if (c.r) parts.push(make("h4", "", "Reason"), make("p", "why", c.r));
    if (d) {
      const known = make("dl");
      const say = (name, what) => what && known.append(make("dt", "", name), make("dd", "", what));
      say("What", d.id + (d.kind ? " (" + d.kind + ")" : ""));
      say("Why", d.reason);
      say("Reference", d.reference);
      say("Workaround", d.workaround);
      say("Fixed in", d.fixed);
      say("Believed till", d.expires && d.expires.slice(0, 10));
      parts.push(make("h4", "", "Known deviation"), known);
    }
    if (c.q) {
      const tried = make("ul", "tried"), asked = make("ul", "asked");
      for (const t of c.q.t || []) {
        const li = make("li"), v = t.v < 0 ? null : verdicts[t.v];
        const who = t.h ? link(t.h, t.w) : make("b", "", t.w), mark = make("span", v ? "c-" + v.word : "dim");
        if (v) mark.append(make("span", "sign", v.sign), " " + v.name + (t.n ? " " + t.n : ""));
        else mark.append("not tried");
        li.append(who, " ", mark);
        if (t.r) li.append(make("p", "dim small break", t.r));
        tried.append(li);
      }
      for (const a of c.q.a || []) {
        const li = make("li");
        li.append(make("b", "", a.w), " " + a.t);
        asked.append(li);
      }
      parts.push(make("h4", "", "A third opinion: " + c.q.j), make("p", "why", c.q.s), tried);
      if (c.q.a) parts.push(make("p", "small", "What the test rests on:"), asked);
    }
    const evidence = make("p");
    parts.push(make("h4", "", "Evidence"), evidence);
    if (c.h) evidence.append(link(c.h, "Report of its run"), " · ", link(c.z, "both ends' state, before and after"));
    else evidence.append(c.u ? "Its run is not beside this page: " + c.u : "It was not run.");
    if (c.f) {
      const ol = make("ol", "decisive");
      for (const f of c.f) {
        const li = make("li");
        li.append(f.h ? link(f.h, f.w || f.c) : make("b", "", f.w || f.c), make("p", "dim small break", f.c));
        if (f.x) li.append(make("p", "badtext", "With this one side refuses what the other sent."));
        if (f.s && !f.w.startsWith(f.s)) li.append(make("p", "mono", f.s));
        if (f.b) {
          const more = make("details", "sub packet");
          more.open = f.x || f === c.f[c.f.length - 1];
          more.append(make("summary", "", "Field by field"), bits(f.b));
          li.append(more);
        }
        ol.append(li);
      }
      parts.push(make("h4", "", "Decisive frames"), ol);
    }
    if (c.u && (v.word === "fail" || v.word === "flaky")) {
      const command = make("pre", "", data.matrix + " '" + c.k.replaceAll("'", "'\\''") + "'");
      command.tabIndex = 0;
      parts.push(make("h4", "", "Make a case of it"), command);
    }
    panel.replaceChildren(...parts);
    panel.hidden = false;
    panel.scrollTop = 0;
    history.replaceState(null, "", "#cell:" + encodeURIComponent(c.k));
    if (focus) panel.focus({preventScroll: true});
    draw();
  };
  const shut = () => {
    if (panel.hidden) return;
    panel.hidden = true;
    state.open = -1;
    history.replaceState(null, "", "#cells");
    draw();
    pane.focus({preventScroll: true});
  };

  const order = (key) => {
    if (state.sort === key) state.down = !state.down;
    else [state.sort, state.down] = [key, false];
    $("sort").value = names[key] ? key : "";
    show();
  };
  const move = (row, col) => {
    state.at = [Math.max(0, Math.min(layout.lines.length - 1, row)), Math.max(0, Math.min(layout.columns.length - 1, col))];
    const y = state.at[0] * size.row, x = state.at[1] * size.box;
    if (y < pane.scrollTop) pane.scrollTop = y;
    else if (y + size.row + size.head > pane.scrollTop + pane.clientHeight) pane.scrollTop = y + size.row + size.head - pane.clientHeight;
    if (x < pane.scrollLeft) pane.scrollLeft = x;
    else if (x + size.box + size.name > pane.scrollLeft + pane.clientWidth) pane.scrollLeft = x + size.box + size.name - pane.clientWidth;
    draw();
  };
  pane.addEventListener("keydown", (e) => {
    if (e.target !== pane || e.ctrlKey || e.metaKey || e.altKey) return;
    const [row, col] = state.at, page = Math.max(1, Math.floor(pane.clientHeight / size.row) - 2);
    const to = {ArrowDown: [row + 1, col], ArrowUp: [row - 1, col], ArrowRight: [row, col + 1], ArrowLeft: [row, col - 1], PageDown: [row + page, col],
      PageUp: [row - page, col], Home: [e.shiftKey ? 0 : row, 0], End: [e.shiftKey ? Infinity : row, Infinity]}[e.key];
    if (layout.kind === "list" && (e.key === "Home" || e.key === "End")) move(e.key === "Home" ? 0 : Infinity, 0);
    else if (to) move(...to);
    else if (e.key === "Enter" || e.key === " ") {
      const i = layout.at(...state.at);
      if (i !== undefined) open(i, true);
    } else return;
    e.preventDefault();
  });
  plane.addEventListener("click", (e) => {
    // What was drawn anew while the button was down is no target: what is under it now is.
    const at = e.detail > 0 ? document.elementFromPoint(e.clientX, e.clientY) : e.target;
    const head = at && at.closest("[data-sort]"), cell = at && at.closest("[data-cell]");
    if (head) order(head.dataset.sort);
    else if (cell) {
      const i = Number(cell.dataset.cell), row = Number(cell.closest(".r").getAttribute("aria-rowindex")) - 2;
      state.at = [row, layout.kind === "grid" ? layout.columns.findIndex((_, n) => layout.at(row, n) === i) : 0];
      open(i, false);
    }
  });
  let waiting = 0;
  pane.addEventListener("scroll", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(draw);
  }, {passive: true});
  new ResizeObserver(() => { measure(); draw(); }).observe(pane);
  addEventListener("keydown", (e) => { if (e.key === "Escape") shut(); });

  const choose = (select, words, first, act) => {
    select.append(new Option(first, "-1"));
    words.forEach((w, i) => select.append(new Option(w, i)));
    select.addEventListener("change", () => { act(Number(select.value)); show(); });
  };
  choose($("f-test"), tests.map((t) => t.id), "all tests", (n) => { state.test = n; });
  roles.forEach((r, i) => {
    const p = make("p", "field"), l = make("label", "", r), s = make("select");
    s.id = "f-role-" + i;
    l.htmlFor = s.id;
    p.append(l, " ", s);
    $("f-roles").append(p);
    choose(s, subjects, "any", (n) => { state.role[i] = n; });
  });
  if (data.changes) {
    choose($("f-change"), data.changes, "any", (n) => { state.change = n + 1; });
    $("f-change-box").hidden = false;
  }
  for (const [key, word] of Object.entries(names)) $("sort").append(new Option(word, key));
  $("sort").addEventListener("change", (e) => { [state.sort, state.down] = [e.target.value, false]; show(); });
  const toggles = [];
  verdicts.forEach((v, n) => {
    const count = cells.reduce((sum, c) => sum + (c.v === n), 0);
    if (!count) return;
    const b = make("button", "v-" + v.word);
    b.type = "button";
    b.append(make("span", "sign c-" + v.word, v.sign), " " + v.name + " " + count);
    b.setAttribute("aria-pressed", "true");
    b.addEventListener("click", () => {
      const off = state.hidden.delete(n) || (state.hidden.add(n), false);
      b.setAttribute("aria-pressed", String(off));
      show();
    });
    toggles.push(b);
    $("f-verdicts").append(b);
  });
  $("q").addEventListener("input", (e) => {
    state.words = e.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    show();
  });
  const view = (name) => {
    state.view = name;
    $("as-matrix").setAttribute("aria-pressed", String(name === "matrix"));
    $("as-list").setAttribute("aria-pressed", String(name === "list"));
    show();
  };
  $("as-matrix").addEventListener("click", () => view("matrix"));
  $("as-list").addEventListener("click", () => view("list"));
  const clear = () => {
    Object.assign(state, {words: "", test: -1, role: roles.map(() => -1), change: 0, problem: 0, hidden: new Set(), sort: "suite", down: false});
    for (const b of toggles) b.setAttribute("aria-pressed", "true");
  };
  $("filters").addEventListener("reset", () => { clear(); show(); });
  $("filters").addEventListener("submit", (e) => e.preventDefault());

  // An address names a cell, or the cells of a test or of a problem.
  const reveal = () => {
    const [, kind, name] = /^#(cell|test|problem):(.*)$/s.exec(location.hash) || [];
    if (!kind) return;
    const word = decodeURIComponent(name);
    if (kind === "cell") {
      const i = cells.findIndex((c) => c.k === word);
      if (i >= 0) open(i, true);
    } else {
      $("filters").reset();
      if (kind === "test") {
        state.test = tests.findIndex((t) => t.id === word);
        $("f-test").value = state.test;
      } else {
        state.problem = Number(word);
      }
      show();
    }
    $("cells").scrollIntoView();
  };
  $("app").hidden = false;
  show();
  addEventListener("hashchange", reveal);
  reveal();
})();
