"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const charts = JSON.parse($("#data").textContent);

  // Colours: as the system says, or as chosen here. Storage may be refused, for example in a file opened from disk.
  const theme = $("#theme");
  const remember = (value) => { try { localStorage.setItem("glim-colours", value); } catch { /* not remembered */ } };
  const recall = () => { try { return localStorage.getItem("glim-colours"); } catch { return null; } };
  const choose = (value) => {
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    $("span", theme).textContent = value;
  };
  const wish = new URLSearchParams(location.search).get("colours") || recall();
  choose(["light", "dark"].includes(wish) ? wish : "auto");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const order = ["auto", "light", "dark"];
    const next = order[(order.indexOf($("span", theme).textContent) + 1) % order.length];
    choose(next);
    remember(next);
  });

  const words = (value, percent) => {
    if (value === null) return "no number";
    if (percent) return `${Number((value * 100).toFixed(1))} %`;
    const size = Math.abs(value);
    return size > 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  };

  // A chart tells its values at a step: where the pointer is, or where the arrow keys have led.
  const nearest = (points, step) => {
    let [low, high] = [0, points.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= step) low = middle;
      else high = middle;
    }
    return step - points[low][0] <= points[high][0] - step ? low : high;
  };
  for (const figure of $$(".chart")) {
    const chart = charts[Number(figure.dataset.chart)];
    const [plot, cursor, tip] = [".plot", ".cursor", ".tip"].map((selector) => $(selector, figure));
    const hidden = new Set();
    const shown = () => chart.curves.filter((_, at) => !hidden.has(at));
    let current = null;
    const leave = () => { cursor.hidden = tip.hidden = true; current = null; };
    const tell = (wanted) => {
      const curves = shown().filter(({ points }) => points.length);
      if (!curves.length) return leave();
      // The step of the curve that has the nearest one; others tell theirs if it is close.
      const steps = curves.map(({ points }) => points[nearest(points, wanted)][0]);
      const step = steps.reduce((best, it) => (Math.abs(it - wanted) < Math.abs(best - wanted) ? it : best));
      current = step;
      const x = (100 * step) / Math.max(1, chart.last_step);
      const rows = [];
      for (const { name, tint, held_out: held, points } of curves) {
        const [at, value] = points[nearest(points, step)];
        if (Math.abs(at - step) * 40 > chart.last_step) continue;
        const row = document.createElement("div");
        const swatch = document.createElement("i");
        swatch.className = `swatch t${tint}${held ? " held" : ""}`;
        swatch.style.display = "inline-block";
        swatch.style.verticalAlign = "middle";
        swatch.style.marginRight = "6px";
        const bold = document.createElement("b");
        bold.textContent = words(value, chart.percent);
        row.append(bold, swatch, name);
        row.ariaLabel = `${name} ${bold.textContent}`;
        rows.push(row);
      }
      const head = document.createElement("div");
      head.textContent = `step ${step}`;
      head.className = "quiet";
      tip.replaceChildren(head, ...rows);
      cursor.style.left = `${x}%`;
      tip.style.left = x < 50 ? `calc(${x}% + 10px)` : "auto";
      tip.style.right = x < 50 ? "auto" : `calc(${100 - x}% + 10px)`;
      cursor.hidden = tip.hidden = false;
    };
    const at = (event) => {
      const { left, width } = plot.getBoundingClientRect();
      tell(Math.min(1, Math.max(0, (event.clientX - left) / width)) * chart.last_step);
    };
    plot.addEventListener("pointermove", at);
    plot.addEventListener("pointerdown", at);
    plot.addEventListener("pointerleave", leave);
    figure.addEventListener("blur", leave);
    figure.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!move || event.target !== figure) return;
      event.preventDefault();
      const jump = Math.max(1, chart.last_step / 50);
      tell(current === null ? (move > 0 ? 0 : chart.last_step) : Math.min(chart.last_step, Math.max(0, current + move * jump)));
      $(".spoken", figure).textContent = [...tip.children].map((row) => row.ariaLabel || row.textContent).join(", ");
    });
    for (const button of $$(".series", figure)) {
      button.addEventListener("click", () => {
        const number = Number(button.dataset.curve);
        const off = !hidden.delete(number) && hidden.add(number);
        button.setAttribute("aria-pressed", String(!off));
        $$(`path[data-curve="${number}"]`, figure).forEach((path) => { path.style.display = off ? "none" : ""; });
        leave();
      });
    }
  }

  // Answers: the right ones, the wrong ones, or all.
  const chips = $$(".chip");
  const pressed = (chip) => chip.getAttribute("aria-pressed") === "true";
  for (const chip of chips) {
    chip.parentElement.hidden = false;
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!pressed(chip)));
      const states = chips.filter(pressed).map(({ dataset }) => dataset.state);
      $$(".shot").forEach((shot) => { shot.hidden = states.length > 0 && !states.includes(shot.dataset.state); });
    });
  }

  // A screen enlarged.
  const zoom = $("#zoom");
  const show = (shot) => {
    const stage = $(".stage", zoom);
    const [width, height] = ["--w", "--h"].map((name) => Number(shot.style.getPropertyValue(name)));
    // As large as the window has room for; on a narrow one large enough to read, to be moved about.
    const high = (innerHeight * 0.94 - 150) / height;
    const fitting = Math.min((innerWidth * 0.94 - 40) / width, high, Math.max(1, 900 / width));
    const scale = Math.max(fitting, Math.min(0.75, high));
    stage.style.width = `${width * scale}px`;
    stage.style.height = `${height * scale}px`;
    stage.replaceChildren($("img", shot).cloneNode(), $("svg", shot).cloneNode(true));
    stage.dataset.state = shot.dataset.state;
    $(".zoom-caption", zoom).textContent = [".pill", ".asked", "code"].map((part) => $(part, shot).textContent).join(" · ");
    zoom.current = shot;
    if (!zoom.open) zoom.showModal();
    const { x, width: wide } = $(".target", stage).getBBox();
    zoom.scrollLeft = (x + wide / 2) * scale - zoom.clientWidth / 2;
  };
  $$(".shot").forEach((shot) => $(".screen", shot).addEventListener("click", () => show(shot)));
  $("button", zoom).addEventListener("click", () => zoom.close());
  zoom.addEventListener("click", (event) => { if (event.target === zoom) zoom.close(); });
  zoom.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const shots = $$(".shot:not([hidden])");
    const next = shots[shots.indexOf(zoom.current) + step];
    if (next) show(next);
  });
})();
