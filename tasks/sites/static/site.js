// Behaviour that all bundled sites share. Pages work without it; it makes them quicker to use.
"use strict";

// Forms marked so are sent as soon as a choice in them changes.
document.querySelectorAll("form[data-auto-submit]").forEach((form) => {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
  });
});

// A number field between a minus and a plus button.
document.querySelectorAll(".stepper").forEach((stepper) => {
  const input = stepper.querySelector("input");
  stepper.querySelectorAll("button[data-step]").forEach((button) => {
    button.addEventListener("click", () => {
      const wanted = (Number.parseInt(input.value, 10) || 0) + Number(button.dataset.step);
      const most = input.max === "" ? Infinity : Number(input.max);
      input.value = String(Math.min(most, Math.max(Number(input.min || 0), wanted)));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });
});

// A search box with suggestions: `data-suggest` is the address that gives a JSON array of `{label, url}`.
document.querySelectorAll("input[data-suggest]").forEach((input) => {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  input.after(list);
  let chosen = -1;
  let asked = 0;
  const close = () => { list.replaceChildren(); chosen = -1; };
  const go = (item) => {
    if (item.dataset.url) { window.location.assign(item.dataset.url); } else { input.value = item.textContent; close(); }
  };
  const mark = () => Array.from(list.children).forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
  input.setAttribute("autocomplete", "off");
  input.addEventListener("input", async () => {
    const query = input.value.trim();
    const turn = ++asked;
    if (query.length < 2) { close(); return; }
    const response = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(query)}`);
    if (!response.ok || turn !== asked) return;
    const found = await response.json();
    close();
    for (const { label, url } of found) {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.textContent = label;
      if (url) item.dataset.url = url;
      item.addEventListener("mousedown", (event) => { event.preventDefault(); go(item); });
      list.append(item);
    }
  });
  input.addEventListener("keydown", (event) => {
    if (list.children.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      chosen = (chosen + step + list.children.length) % list.children.length;
      mark();
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      go(list.children[chosen]);
    } else if (event.key === "Escape") { close(); }
  });
  // What is still asked for comes too late then.
  input.addEventListener("blur", () => { asked += 1; close(); });
});

// Buttons that ask before they act.
document.querySelectorAll("form[data-confirm]").forEach((form) => {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.confirm)) event.preventDefault(); });
});

// A text field for a date with a calendar below it. The days are computed in UTC, so that no time zone moves them.
document.querySelectorAll("input[data-date-picker]").forEach((input) => {
  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"];
  const iso = (date) => date.toISOString().slice(0, 10);
  const valid = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  const element = (tag, text, label) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (tag === "button") made.type = "button";
    if (label) made.setAttribute("aria-label", label);
    return made;
  };
  let panel = null;
  const close = () => { panel?.remove(); panel = null; };
  const draw = (first) => {
    const move = (by) => draw(new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + by, 1)));
    const name = `${MONTHS[first.getUTCMonth()]} ${first.getUTCFullYear()}`;
    const head = element("div", "");
    head.className = "picker-head";
    const back = element("button", "‹", "Previous month");
    const on = element("button", "›", "Next month");
    back.addEventListener("click", () => move(-1));
    on.addEventListener("click", () => move(1));
    head.append(back, element("span", name), on);
    const days = element("div", "");
    days.className = "picker-days";
    for (const weekday of ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]) days.append(element("span", weekday));
    for (let empty = (first.getUTCDay() + 6) % 7; empty > 0; empty -= 1) days.append(element("span", ""));
    for (const date = new Date(first); date.getUTCMonth() === first.getUTCMonth(); date.setUTCDate(date.getUTCDate() + 1)) {
      const day = iso(date);
      const button = element("button", String(date.getUTCDate()), `${date.getUTCDate()} ${name}`);
      button.setAttribute("aria-pressed", String(day === input.value));
      button.disabled = day < input.dataset.today && !input.value;
      button.addEventListener("click", () => {
        input.value = day;
        close();
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
      days.append(button);
    }
    panel.replaceChildren(head, days);
  };
  const open = () => {
    if (panel) return;
    panel = element("div", "");
    panel.className = "picker";
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", "Choose a date");
    // The field keeps the focus while a day is picked.
    panel.addEventListener("mousedown", (event) => event.preventDefault());
    input.parentElement.append(panel);
    const shown = valid(input.value) ? input.value : input.dataset.today;
    draw(new Date(`${shown.slice(0, 7)}-01T00:00:00Z`));
  };
  input.addEventListener("focus", open);
  input.addEventListener("click", open);
  input.addEventListener("input", close);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => { if (event.key === "Escape" || event.key === "Enter") close(); });
});
