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
  input.addEventListener("blur", close);
});

// Buttons that ask before they act.
document.querySelectorAll("form[data-confirm]").forEach((form) => {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.confirm)) event.preventDefault(); });
});
