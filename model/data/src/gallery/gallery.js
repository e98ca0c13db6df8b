"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const page = JSON.parse($("data").textContent);
  const { samples, screens } = page;
  const VERDICTS = ["right", "wrong", "unclear"];

  // Storage may be refused, for example in a file opened from disk.
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* not remembered */ } };
  const recall = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const address = new URLSearchParams(location.search);

  // Colours: as the system says, or as chosen here.
  const theme = $("theme");
  const name = theme.querySelector("span");
  const choose = (value) => {
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    name.textContent = value;
  };
  const wish = address.get("colours") || recall("glim-colours");
  choose(["light", "dark"].includes(wish) ? wish : "auto");
  theme.addEventListener("click", () => {
    const order = ["auto", "light", "dark"];
    const next = order[(order.indexOf(name.textContent) + 1) % order.length];
    choose(next);
    remember("glim-colours", next);
  });

  // Judgements, by the question's id.
  const storage = `glim-gallery-${page.key}`;
  let verdicts = new Map();
  try {
    const known = Object.entries(JSON.parse(recall(storage) || "{}"));
    verdicts = new Map(known.filter(([, verdict]) => VERDICTS.includes(verdict)));
  } catch { /* what was stored is of no use */ }
  const store = () => remember(storage, JSON.stringify(Object.fromEntries(verdicts)));
  let saved = true;

  // What is shown: the samples that pass the filter, and which of them.
  let shown = samples.map((_, at) => at);
  let current = 0;
  const sample = () => samples[shown[current]];

  // Text from pages is only ever set as text.
  const make = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const draw = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  $("facts").textContent =
    `${page.dataset} · ${samples.length} samples of ${screens.length} screens · seed ${page.seed} · Glim ${page.glim}`;
  document.title = `Gallery of ${page.dataset} · Glim`;

  // The filter.
  const words = (at) => {
    const { prompt, answer, expression, template, id, screen } = samples[at];
    const { url, title, lang } = screens[screen];
    return [prompt, answer, expression, template, id, url, title, lang].join("\n").toLowerCase();
  };
  const texts = samples.map((_, at) => words(at));
  const facets = {
    task: (at) => samples[at].task,
    kind: (at) => samples[at].kind,
    site: (at) => screens[samples[at].screen].site,
    view: (at) => screens[samples[at].screen].view,
  };
  for (const [facet, of] of Object.entries(facets)) {
    const counts = new Map();
    samples.forEach((_, at) => counts.set(of(at), (counts.get(of(at)) || 0) + 1));
    const all = make("option", "", `every ${facet}`);
    all.value = "";
    const options = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([value, count]) => {
      const option = make("option", "", `${value || "?"} (${count})`);
      option.value = `=${value}`;
      return option;
    });
    $(facet).append(all, ...options);
    $(facet).addEventListener("change", () => filter());
  }
  let only = null;
  const passes = (at) => {
    const typed = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    return typed.every((word) => texts[at].includes(word))
      && Object.entries(facets).every(([facet, of]) => !$(facet).value || $(facet).value === `=${of(at)}`)
      && (only === null || (verdicts.get(samples[at].id) || "left") === only);
  };
  const filter = () => {
    const kept = shown[current];
    shown = samples.map((_, at) => at).filter(passes);
    current = Math.max(0, shown.indexOf(kept));
    strip();
    show();
  };
  $("filter").addEventListener("submit", (event) => event.preventDefault());
  $("text").addEventListener("input", filter);

  // The counts, which filter too.
  const chips = ["left", ...VERDICTS].map((verdict) => {
    const chip = make("button", `chip ${verdict}`, verdict === "left" ? "to judge" : verdict);
    chip.type = "button";
    const count = make("b");
    chip.append(" ", count);
    chip.addEventListener("click", () => {
      only = only === verdict ? null : verdict;
      filter();
    });
    $("tally").append(chip);
    return { verdict, chip, count };
  });
  const tally = () => {
    const counts = { left: 0, right: 0, wrong: 0, unclear: 0 };
    for (const { id } of samples) counts[verdicts.get(id) || "left"] += 1;
    for (const { verdict, chip, count } of chips) {
      count.textContent = counts[verdict];
      chip.setAttribute("aria-pressed", String(only === verdict));
    }
    return counts;
  };

  const strip = () => {
    $("strip").replaceChildren(...shown.map((at, place) => {
      const item = make("li");
      const button = make("button", verdicts.get(samples[at].id) || "");
      button.type = "button";
      button.title = `${at + 1}: ${samples[at].task} · ${samples[at].kind}`;
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => go(place));
      item.append(button);
      return item;
    }));
  };

  // Shapes over a screen, in image pixels.
  const rectangle = ([left, top, right, bottom], className) =>
    draw("rect", { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), class: className });
  const shapes = (svg, { boxes, points, screen }, scale, withElements) => {
    const { width, height, elements } = screens[screen];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const drawn = [];
    if (withElements) {
      for (const element of elements) {
        const over = rectangle(element.box, "hover");
        over.append(draw("title", {}, element.what));
        drawn.push(rectangle(element.box, "element"), over);
      }
    }
    // Lines lie outside, so that what is in the box can be read; a light one keeps them apart from dark pages.
    const around = ([left, top, right, bottom], by) => [left - by / scale, top - by / scale, right + by / scale, bottom + by / scale];
    for (const box of boxes) drawn.push(rectangle(around(box, 3), "halo"), rectangle(around(box, 1.1), "box"));
    if (boxes.length > 1) {
      boxes.forEach(([left, top], at) => drawn.push(draw("text", {
        x: left, y: Math.max(top - 6 / scale, 14 / scale), class: "number", style: `font-size: ${15 / scale}px; stroke-width: ${4 / scale}px`,
      }, String(at + 1))));
    }
    for (const [x, y] of points) drawn.push(draw("circle", { cx: x, cy: y, r: 6 / scale, class: "point" }));
    svg.replaceChildren(...drawn);
  };

  // Prompts and answers, with the places in them set apart.
  const say = (into, text) => {
    const parts = text.split(/(<\|begin_of_box\|>|<\|end_of_box\|>|\[\[\d[\d, \[\]]*\]\]|\[\d+(?:, ?\d+)+\])/);
    into.replaceChildren(...parts.filter(Boolean).map((part) =>
      /^(<\|(begin|end)_of_box\|>|\[\[?\d)/.test(part) ? make("mark", "", part) : document.createTextNode(part)));
  };

  const scale = () => {
    const { width, height } = screens[sample().screen];
    const stage = $("stage");
    const fit = Math.min((stage.clientWidth - 16) / width, (stage.clientHeight - 16) / height);
    return $("large").checked ? 1 / (devicePixelRatio || 1) : Math.min(fit, Math.max(1, 320 / width));
  };
  const place = () => {
    const { width, height } = screens[sample().screen];
    const by = scale();
    $("screen").style.width = `${width * by}px`;
    $("screen").style.height = `${height * by}px`;
    const bare = { ...sample(), boxes: [], points: [] };
    shapes($("shapes"), $("bare").checked ? bare : sample(), by, $("elements").checked);
  };

  // What is asked about, enlarged: small targets on large screens can be read.
  const enlarge = () => {
    const { boxes, points, screen } = sample();
    const { picture, width, height } = screens[screen];
    const all = [...boxes, ...points.map(([x, y]) => [x, y, x, y])];
    $("loupe").hidden = all.length === 0;
    if (!all.length) return;
    const ends = [0, 1, 2, 3].map((at) => Math[at < 2 ? "min" : "max"](...all.map((box) => box[at])));
    const margin = Math.max(points.length ? 90 : 40, 0.3 * Math.max(ends[2] - ends[0], ends[3] - ends[1]));
    const [left, top] = [Math.max(0, ends[0] - margin), Math.max(0, ends[1] - margin)];
    const [right, bottom] = [Math.min(width, ends[2] + margin), Math.min(height, ends[3] + margin)];
    const { clientWidth, clientHeight } = $("loupe");
    const by = Math.min(clientWidth / (right - left), clientHeight / (bottom - top), 3);
    // Targets that lie far from each other are seen no better here.
    $("loupe").hidden = by < 1.2 * scale();
    const lens = $("lens");
    lens.style.width = `${width * by}px`;
    lens.style.height = `${height * by}px`;
    // In the middle, but not so that nothing would be seen beside the picture.
    const shift = (room, size, middle) =>
      (size > room ? Math.min(0, Math.max(room - size, room / 2 - by * middle)) : (room - size) / 2);
    lens.style.left = `${shift(clientWidth, width * by, (left + right) / 2)}px`;
    lens.style.top = `${shift(clientHeight, height * by, (top + bottom) / 2)}px`;
    const image = make("img");
    image.alt = "";
    image.src = picture;
    const svg = draw("svg", {});
    lens.replaceChildren(image, svg);
    shapes(svg, sample(), by, false);
  };

  const about = () => {
    const { expression, targets, template, screen, boxes, id } = sample();
    const { url, title, view, shown_at, lang, site, split, trail, elements, width, height } = screens[screen];
    const named = targets.map((target) => elements.find((element) => element.id === target)).filter(Boolean);
    const size = ([left, top, right, bottom]) => `${Math.round(right - left)} × ${Math.round(bottom - top)} px`;
    const rows = [
      ["expression", expression],
      ["target", named.map(({ what }) => what).join("\n")],
      ["size", boxes.map(size).join(", ")],
      ["page", title],
      ["address", url],
      ["site", `${site} (${split})`],
      ["view", `${view} · ${shown_at} · picture ${width}×${height}`],
      ["language", lang],
      ["before", trail.join("\n")],
      ["template", template],
      ["question", id],
    ];
    $("about").replaceChildren(...rows.filter(([, text]) => text).flatMap(([term, text]) => {
      const value = make("dd", "", text);
      value.style.whiteSpace = "pre-line";
      value.dir = "auto";
      return [make("dt", "", term), value];
    }));
  };

  const show = () => {
    const none = shown.length === 0;
    $("none").hidden = !none;
    $("stage").hidden = none;
    document.querySelector("main > .question").style.visibility = none ? "hidden" : "";
    tally();
    if (none) {
      $("position").textContent = "0";
      return;
    }
    const { task, kind, prompt, answer, warnings, screen, id } = sample();
    $("position").textContent = `${current + 1} of ${shown.length}`;
    if ($("picture").getAttribute("src") !== screens[screen].picture) $("picture").src = screens[screen].picture;
    $("pills").replaceChildren(make("span", "pill task", task), make("span", "pill", kind), make("span", "pill", screens[screen].site));
    $("warnings").replaceChildren(...warnings.map((warning) => make("p", "warning", warning)));
    say($("prompt"), prompt);
    say($("answer"), answer);
    about();
    place();
    enlarge();
    $("under").textContent = "";
    for (const button of $("verdicts").children) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === verdicts.get(id)));
    }
    [...$("strip").querySelectorAll("button")].forEach((button, at) => {
      button.className = verdicts.get(samples[shown[at]].id) || "";
      button.setAttribute("aria-current", String(at === current));
      if (at === current) $("strip").scrollTop = button.offsetTop - $("strip").offsetTop - 20;
    });
    // The next pictures are there when they are wanted.
    for (const at of shown.slice(current + 1, current + 4)) new Image().src = screens[samples[at].screen].picture;
    if ($("large").checked && sample().boxes.length) {
      const [left, top] = sample().boxes[0];
      const by = scale();
      $("stage").scrollTo(left * by - $("stage").clientWidth / 2, top * by - $("stage").clientHeight / 2);
    }
  };

  const go = (to) => {
    current = Math.min(Math.max(0, to), Math.max(0, shown.length - 1));
    show();
  };
  const judge = (verdict) => {
    if (!shown.length) return;
    if (verdict) verdicts.set(sample().id, verdict);
    else verdicts.delete(sample().id);
    saved = false;
    store();
    // Where judged ones leave the list, the next one takes this one's place.
    if (only === null) go(verdict ? current + 1 : current);
    else {
      const next = current;
      filter();
      go(next);
    }
  };
  const next = () => {
    const order = [...shown.keys()].map((at) => (current + 1 + at) % shown.length);
    const found = order.find((at) => !verdicts.has(samples[shown[at]].id));
    if (found !== undefined) go(found);
  };
  const save = () => {
    const { left, ...counts } = tally();
    const judged = samples.filter(({ id }) => verdicts.has(id));
    const text = JSON.stringify({
      schema_version: 1,
      dataset: page.dataset,
      seed: page.seed,
      samples: samples.length,
      counts: { ...counts, not_judged: left },
      judgements: judged.map(({ id, screen, task, kind }) =>
        ({ question: id, screen: screens[screen].id, task, kind, verdict: verdicts.get(id) })),
    }, null, 1);
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `judgements-${page.key}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    saved = true;
  };

  $("before").addEventListener("click", () => go(current - 1));
  $("after").addEventListener("click", () => go(current + 1));
  $("save").addEventListener("click", save);
  for (const button of $("verdicts").children) button.addEventListener("click", () => judge(button.dataset.verdict));
  for (const id of ["elements", "bare", "large"]) $(id).addEventListener("change", show);
  addEventListener("resize", () => { if (shown.length) { place(); enlarge(); } });
  addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  $("stage").addEventListener("mouseover", (event) => {
    const title = event.target.querySelector && event.target.querySelector("title");
    $("under").textContent = title ? title.textContent : "";
  });
  const toggle = (id) => { $(id).checked = !$(id).checked; show(); };
  const KEYS = {
    r: () => judge("right"), w: () => judge("wrong"), u: () => judge("unclear"), x: () => judge(null),
    1: () => judge("right"), 2: () => judge("wrong"), 3: () => judge("unclear"),
    arrowleft: () => go(current - 1), arrowright: () => go(current + 1), home: () => go(0), end: () => go(shown.length - 1),
    n: next, s: save, e: () => toggle("elements"), b: () => toggle("bare"), z: () => toggle("large"),
    "/": () => $("text").focus(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input[type=search], select")) {
      if (event.key === "Escape" || event.key === "Enter") event.target.blur();
      return;
    }
    const act = KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });

  strip();
  go(Number(address.get("sample") || 1) - 1);
})();
