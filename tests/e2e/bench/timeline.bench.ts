// Tasks of the page's main thread while somebody works with the timeline of 79 modules that went through five steps
// each: how long the longest were. The budget is 50 ms.
import type { CDPSession, Page } from "@playwright/test";

import { examplePlanFile, importPlan, ready } from "../fixtures/plan.ts";
import type { Switchback } from "../fixtures/switchback.ts";
import { expect, test } from "../fixtures/test.ts";

const BUDGET_MS = 50;
const STEPS = [
  { mode: "both_validate" },
  { mode: "gradual_rollout", exposure: 10 },
  { mode: "gradual_rollout", exposure: 50 },
  { mode: "gradual_rollout", exposure: 90 },
  { mode: "new_only" },
];

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  dur?: number;
  args?: { name?: string };
}

/** Records what the browser does while `work` runs, and gives the main threads' tasks, the longest first, ms. */
async function tasksDuring(session: CDPSession, work: () => Promise<void>): Promise<number[]> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: unknown[] }) => events.push(...(value as TraceEvent[]));
  session.on("Tracing.dataCollected", collect);
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"] },
  });
  await work();
  const done = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await done;
  session.off("Tracing.dataCollected", collect);
  const mains = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  return events
    .filter(({ name, ph, pid, tid }) => ph === "X" && name.endsWith("RunTask") && mains.has(`${pid}/${tid}`))
    .map(({ dur }) => (dur ?? 0) / 1_000)
    .sort((a, b) => b - a);
}

/** Every module goes through every step. */
async function raiseAll(app: Switchback): Promise<number> {
  const token = (await app.cli("token", "create", "--name", "ops", "--kind", "admin")).stdout.trim();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const base = `${app.url}/api/v1/migrations/atlas`;
  const ask = async (path: string, body?: unknown) => {
    const answer = await fetch(base + path, {
      headers,
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    return (await answer.json()) as unknown;
  };
  const lists = (await ask("/checklists")) as { phases: { before: { id: number }[] }[] };
  for (const { id } of lists.phases.flatMap(({ before }) => before)) {
    await ask(`/checklists/${id}/skip`, { reason: "not what is measured" });
  }
  const list = (await ask("/modules")) as { modules: { key: string; version: number }[] };
  for (const step of STEPS) {
    for (const { key } of list.modules) {
      const { version } = (await ask(`/modules/${key}`)) as { version: number };
      await ask("/flags", { ...step, modules: [key], reason: "measured", expected_versions: { [key]: version } });
    }
  }
  return list.modules.length;
}

async function report(what: string, session: CDPSession, work: () => Promise<void>): Promise<void> {
  const tasks = await tasksDuring(session, work);
  expect(tasks.length, "the trace has tasks").toBeGreaterThan(10);
  const longest = tasks.slice(0, 5).map((task) => task.toFixed(1)).join(", ");
  const over = tasks.filter((task) => task > BUDGET_MS).length;
  console.log(`browser, ${what}: ${tasks.length} tasks, the longest ${longest} ms${over > 0 ? `, ${over} OVER ${BUDGET_MS} ms` : ""}`);
}

async function scroll(page: Page): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) {
    await page.mouse.wheel(0, turn < 30 ? 120 : -120);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

test("the timeline of 79 modules", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, examplePlanFile, "atlas");
  const modules = await raiseAll(app);
  const today = new Date().toISOString().slice(0, 10);
  const address = `${app.url}/m/atlas/calendar?from=${today}&days=182`;
  const session = await page.context().newCDPSession(page);
  await report(`the timeline of ${modules} modules loads`, session, async () => {
    await page.goto(address);
    await ready(page);
  });
  await report("it is scrolled down and up again", session, () => scroll(page));
  const bar = page.getByRole("link", { name: /^Move phase 2,/ }).locator("[data-bar-body]");
  await bar.scrollIntoViewIfNeeded();
  const box = await bar.boundingBox();
  if (box === null) {
    throw new Error("the bar has no place");
  }
  await report("a bar is dragged", session, async () => {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let turn = 1; turn <= 60; turn += 1) {
      await page.mouse.move(x + 4 * turn, y);
    }
    // Let go outside of what changes anything.
    await page.keyboard.press("Escape");
  });
  await report("a change made elsewhere appears", session, async () => {
    const token = (await app.cli("token", "create", "--name", "more", "--kind", "admin")).stdout.trim();
    const answer = await fetch(`${app.url}/api/v1/migrations/atlas/milestones`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "Board meeting", day: today }),
    });
    expect(answer.status).toBe(201);
    await expect(page.locator("#milestones").getByText("Board meeting").first()).toBeVisible();
  });
});
