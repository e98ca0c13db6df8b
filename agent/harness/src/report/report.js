"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // The filter: what is typed, the suite, and any of the outcomes that are pressed.
  const cards = $$(".card").map((card) => ({ card, words: $("summary", card).textContent.toLowerCase() }));
  const chips = $$(".chip");
  const [text, suite] = [$("#text"), $("#suite")];
  const pressed = (chip) => chip.getAttribute("aria-pressed") === "true";
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = chips.filter(pressed).map((chip) => chip.dataset.state);
    let shown = 0;
    for (const { card, words: has } of cards) {
      const match = words.every((word) => has.includes(word))
        && (!suite.value || card.dataset.suite === suite.value)
        && (!states.length || states.includes(card.dataset.state));
      card.hidden = !match;
      shown += match;
    }
    $("#count").textContent = shown === cards.length ? `${shown}` : `${shown} of ${cards.length}`;
    $("#none").hidden = shown > 0;
  };
  $("#filter").hidden = false;
  $("#filter").addEventListener("submit", (event) => event.preventDefault());
  text.addEventListener("input", apply);
  suite.addEventListener("change", apply);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!pressed(chip)));
      apply();
    });
  }
  for (const link of $$("a[data-task]")) {
    link.addEventListener("click", () => {
      text.value = link.dataset.task;
      suite.value = "";
      chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
      apply();
    });
  }
  $("#unfold").addEventListener("click", (event) => {
    const open = event.target.textContent === "Unfold all";
    for (const { card } of cards) if (!card.hidden) $("details", card).open = open;
    event.target.textContent = open ? "Fold all" : "Unfold all";
  });

  // The first episode with pictures is open, unless an address names another one.
  const named = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const first = named && named.classList.contains("card") ? named : $(".card:has(.film)");
  if (first) $("details", first).open = true;
})();
