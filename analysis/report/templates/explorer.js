// Plots, filters and the leaderboard. The form holds the whole state: a brush writes ranges into it, and `show` reads
// it. Every number comes from the page's data, every colour of ink and paper from its style.
(function () {
  "use strict";

  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const form = document.getElementById("filters");
  const count = document.getElementById("count");
  const plane = document.getElementById("plane");
  const parallel = document.getElementById("parallel");
  const sheet = document.getElementById("sheet");
  const frame = sheet.querySelector("iframe");
  const body = document.querySelector("#leaderboard tbody");
  const head = document.querySelector("#leaderboard thead tr");
  const across = document.getElementById("across");
  const up = document.getElementById("up");
  const everyRun = data.runs.map((_, index) => index);

  const rows = () => Array.from(body.rows);
  const joined = data.axes.slice(0, data.joined);
  const chosen = (select) => data.axes[select.selectedIndex];
  const input = (axis, bound) => form.elements[axis.name + "-" + bound];
  const sum = (noun, shown, all) => shown + " of " + all + " " + noun + (all === 1 ? "" : "s");

  // Which runs lie within every range of the form.

  function passing() {
    const ranges = data.axes.map((axis) => [bound(axis, "low", -Infinity), bound(axis, "high", Infinity)]);
    return everyRun.filter((run) =>
      data.axes.every((axis, k) => ranges[k][0] <= axis.values[run] && axis.values[run] <= ranges[k][1]));
  }

  function bound(axis, which, otherwise) {
    const text = input(axis, which).value;
    return text === "" || Number.isNaN(Number(text)) ? otherwise : Number(text);
  }

  function show() {
    const runs = passing();
    const isAll = runs.length === data.runs.length;
    const passed = new Set(runs.map((run) => data.runs[run]));
    for (const row of rows()) {
      const own = row.dataset.runs.split(" ").filter(Boolean).map(Number);
      row.hidden = !isAll && !own.some((run) => passed.has(run));
    }
    const left = rows().filter((row) => !row.hidden);
    makeTabStop(left[0]);
    count.textContent = sum("run", runs.length, data.runs.length) + ", " + sum("trial", left.length, body.rows.length);
    Plotly.restyle(plane, { selectedpoints: [isAll ? null : runs] }, [0]);
    const groups = data.parallel.data.length - 1;
    const drawn = Array.from({ length: groups }, (_, group) => lines(runs.filter((run) => data.groups[run] === group)));
    const traces = drawn.map((_, group) => group + 1);
    const parts = (name) => drawn.map((trace) => trace[name]);
    Plotly.restyle(parallel, { x: parts("x"), y: parts("y"), text: parts("text"), customdata: parts("runs") }, traces);
  }

  // The polylines of some runs as one trace: null parts two runs.

  function lines(runs) {
    const trace = { x: [], y: [], text: [], runs: [] };
    for (const run of runs) {
      joined.forEach((axis, place) => {
        trace.x.push(place);
        trace.y.push(axis.positions[run]);
        trace.text.push(data.texts[run]);
        trace.runs.push(run);
      });
      for (const list of Object.values(trace)) list.push(null);
    }
    return trace;
  }

  // A brush becomes ranges: on each of its axes, from the least to the largest value of the runs within it.

  function brush(axes, isWithin) {
    const runs = everyRun.filter(isWithin);
    if (!runs.length) return;
    for (const axis of axes) {
      const values = runs.map((run) => axis.values[run]);
      input(axis, "low").value = Math.min(...values);
      input(axis, "high").value = Math.max(...values);
    }
  }

  function brushPlane(range) {
    const within = (list, [low, high]) => (run) => low <= list[run] && list[run] <= high;
    const inX = within(chosen(across).values, range.x);
    const inY = within(chosen(up).values, range.y);
    brush([chosen(across), chosen(up)], (run) => inX(run) && inY(run));
  }

  function brushParallel(range) {
    joined.forEach((axis, place) => {
      if (range.x[0] <= place && place <= range.x[1]) {
        brush([axis], (run) => range.y[0] <= axis.positions[run] && axis.positions[run] <= range.y[1]);
      }
    });
  }

  function connect(plot, onBrush, runOf) {
    plot.on("plotly_selected", (event) => {
      if (!event || !event.range) return;
      const range = { x: event.range.x.slice().sort((a, b) => a - b), y: event.range.y.slice().sort((a, b) => a - b) };
      onBrush(range);
      Plotly.relayout(plot, { selections: [] }).then(show);
    });
    plot.on("plotly_deselect", () => form.reset());
    plot.on("plotly_click", (event) => open(data.runs[runOf(event.points[0])]));
  }

  // A run's sheet is loaded when it is asked for.

  function open(run) {
    frame.src = "runs/" + run + ".html";
    frame.title = "Run " + run;
    sheet.querySelector("a").href = frame.src;
    if (!sheet.open) sheet.showModal();
    sheet.querySelector("button").focus();
  }

  // The leaderboard is one stop of the Tab key; arrows go from row to row, Enter opens a row's first run.

  function makeTabStop(row) {
    for (const other of body.rows) {
      other.tabIndex = other === row ? 0 : -1;
      for (const link of other.querySelectorAll("a")) link.tabIndex = other.tabIndex;
    }
  }

  function neighbour(row, key) {
    const left = rows().filter((other) => !other.hidden);
    const steps = { ArrowDown: left.indexOf(row) + 1, ArrowUp: left.indexOf(row) - 1, Home: 0, End: left.length - 1 };
    return key in steps ? left[Math.max(0, Math.min(steps[key], left.length - 1))] : null;
  }

  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const next = neighbour(row, event.key);
    if (next) {
      makeTabStop(next);
      next.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === row) {
      event.preventDefault(); // else it would also press the button that is focused next
      open(row.dataset.runs.split(" ")[0]);
    }
  });

  body.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-run]");
    const row = event.target.closest("tr");
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link) open(link.dataset.run);
    else if (row.dataset.runs) open(row.dataset.runs.split(" ")[0]);
  });

  // A heading sorts by its column; the headings are one stop of the Tab key, arrows go from one to the next.

  const heads = Array.from(head.cells).filter((cell) => !cell.classList.contains("runs")).map((cell) => {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => sort(cell));
    return button;
  });
  if (heads.length) heads[0].tabIndex = 0;

  function sort(cell) {
    const way = cell.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of head.cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    const keys = new Map(rows().map((row) => [row, key(row.cells[cell.cellIndex].textContent)]));
    body.append(...rows().sort((a, b) => compare(keys.get(a), keys.get(b), way)));
    show();
  }

  // A number stands before its half-width; what has no number is last, whichever way.

  function key(text) {
    const number = parseFloat(text.replace("−", "-"));
    return Number.isNaN(number) ? (text.trim() === "–" ? null : text) : number;
  }

  function compare(a, b, way) {
    if (a === null || b === null) return (a === null) - (b === null);
    return way * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  }

  head.addEventListener("keydown", (event) => {
    const place = heads.indexOf(event.target);
    const next = heads[place + { ArrowRight: 1, ArrowLeft: -1 }[event.key]];
    if (place < 0 || !next) return;
    for (const button of heads) button.tabIndex = button === next ? 0 : -1;
    next.focus();
    event.preventDefault();
  });

  // Any two quantities make the plane; the frontier belongs to rate and distortion.

  function place() {
    const [x, y] = [chosen(across), chosen(up)];
    const isPlane = x.name === "rate_nats" && y.name === "distortion_nats";
    Plotly.restyle(plane, { x: [x.values], y: [y.values] }, [0]);
    Plotly.restyle(plane, { visible: isPlane }, [1]);
    const titles = { "xaxis.title.text": x.label, "yaxis.title.text": y.label };
    Plotly.relayout(plane, { ...titles, "xaxis.autorange": true, "yaxis.autorange": true });
  }

  function colour() {
    const [ink, line, paper, field] = ["--ink", "--line", "--paper", "--field"].map((name) =>
      getComputedStyle(document.documentElement).getPropertyValue(name).trim());
    for (const { layout } of [data.plane, data.parallel]) {
      Object.assign(layout, { paper_bgcolor: paper, plot_bgcolor: paper });
      layout.font.color = ink;
      Object.assign(layout.hoverlabel, { bgcolor: paper, font: { ...layout.hoverlabel.font, color: ink } });
      layout.newselection.line.color = ink;
      for (const axis of [layout.xaxis, layout.yaxis]) axis.gridcolor = line;
      for (const shape of layout.shapes || []) shape.line.color = ink;
      for (const note of layout.annotations || []) note.bgcolor = paper;
    }
    data.plane.data[0].marker.line.color = field;
    data.plane.data[1].line.color = ink;
    data.parallel.data[0].line.color = line;
  }

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colour();
    for (const [plot, part] of [[plane, data.plane], [parallel, data.parallel]]) Plotly.react(plot, plot.data, part.layout);
    place();
    show();
  });

  across.addEventListener("change", place);
  up.addEventListener("change", place);
  sheet.querySelector("button").addEventListener("click", () => sheet.close());
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());

  for (const part of document.querySelectorAll(".script")) part.hidden = false;
  colour();
  const config = { responsive: true, displaylogo: false, displayModeBar: false };
  Promise.all([
    Plotly.newPlot(plane, data.plane.data, data.plane.layout, config),
    Plotly.newPlot(parallel, data.parallel.data, data.parallel.layout, config),
  ]).then(() => {
    connect(plane, brushPlane, (point) => point.pointIndex);
    connect(parallel, brushParallel, (point) => point.customdata);
    show();
  });
})();
