// Plots, filters and the leaderboard. The form holds the whole state: a brush writes ranges into it, and `show` reads
// it. Every number comes from the page's data.
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
  const rows = Array.from(body.rows);
  const everyRun = data.runs.map((_, index) => index);

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
    for (const row of rows) {
      const own = row.dataset.runs.split(" ").filter(Boolean).map(Number);
      row.hidden = !isAll && !own.some((run) => passed.has(run));
    }
    const left = rows.filter((row) => !row.hidden);
    makeTabStop(left[0]);
    count.textContent = sum("run", runs.length, data.runs.length) + ", " + sum("trial", left.length, rows.length);
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
      data.axes.forEach((axis, place) => {
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
    const trace = data.plane.data[0];
    const inX = within(trace.x, range.x);
    const inY = within(trace.y, range.y);
    const axes = data.axes.filter((axis) => axis.name === "rate_nats" || axis.name === "distortion_nats");
    brush(axes, (run) => inX(run) && inY(run));
  }

  function brushParallel(range) {
    data.axes.forEach((axis, place) => {
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
    for (const other of rows) {
      other.tabIndex = other === row ? 0 : -1;
      for (const link of other.querySelectorAll("a")) link.tabIndex = other.tabIndex;
    }
  }

  function neighbour(row, key) {
    const left = rows.filter((other) => !other.hidden);
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

  sheet.querySelector("button").addEventListener("click", () => sheet.close());
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());

  for (const part of document.querySelectorAll(".script")) part.hidden = false;
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
