// Keeps the page fresh: asks /state three times a second and moves the bars. Words come from the service.
"use strict";

const byId = (id) => document.getElementById(id);
const rows = new Map([...document.querySelectorAll("li[data-key]")].map((row) => [row.dataset.key, row]));
const known = document.querySelector("h1").textContent;

function say(element, text) {
  // An unchanged text is left alone, so that it is not read out again.
  if (element.textContent !== text) element.textContent = text;
}

function show(element, served) {
  const total = served.old + served.new;
  const share = total ? (100 * served.new) / total : 0;
  const [fresh, ...rails] = element.querySelectorAll("rect");
  fresh.setAttribute("width", share);
  for (const rail of rails) {
    rail.setAttribute("x", share);
    rail.setAttribute("width", 100 - share);
  }
  say(element.querySelector(".split"), `${served.new} new, ${served.old} old`);
}

function draw(state) {
  const heading = state.migration ? `${state.migration}, ${state.environment}` : known;
  if (heading !== known || state.modules.length !== rows.size || state.modules.some(({ key }) => !rows.has(key))) {
    location.reload();
    return;
  }
  const all = { old: 0, new: 0 };
  for (const { key, label, served } of state.modules) {
    const row = rows.get(key);
    say(row.querySelector(".label"), label);
    show(row, served);
    all.old += served.old;
    all.new += served.new;
  }
  show(byId("all"), all);
  say(byId("revision"), String(state.revision ?? "none yet"));
  say(byId("epoch"), state.epoch ?? "");
  say(byId("applied"), state.last_applied_at ? `${state.last_applied_at.slice(11, -1)} UTC` : "never");
  say(byId("source"), state.source_label);
  say(byId("connection"), state.connection_label);
  say(byId("trouble"), state.trouble ?? "");
  byId("trouble").hidden = !state.trouble;
  byId("kill").hidden = !state.killSwitch;
}

async function refresh() {
  try {
    if (!document.hidden) {
      const answer = await fetch("/state", { signal: AbortSignal.timeout(3000) });
      draw(await answer.json());
      byId("lost").hidden = true;
    }
  } catch {
    byId("lost").hidden = false;
  }
  setTimeout(refresh, 300);
}

refresh();
