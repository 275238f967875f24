// Checklists: ticked by pointer and by keyboard alone, with WASM and without; who and when stands beside each tick.
import type { Page } from "@playwright/test";

import { ready } from "../fixtures/plan.ts";
import type { Switchback } from "../fixtures/switchback.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";

const MIGRATION = "/api/v1/migrations/ledger";

/** A client of the JSON API, as an admin called `token:lists`. */
async function admin(app: Switchback): Promise<(path: string, body: object) => Promise<Record<string, unknown>>> {
  const { code, stdout, stderr } = await app.cli("token", "create", "--name", "lists", "--kind", "admin");
  expect(code, stderr).toBe(0);
  return async (path, body) => {
    const answer = await fetch(app.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${stdout.trim()}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect(answer.ok, text).toBe(true);
    return JSON.parse(text) as Record<string, unknown>;
  };
}

/** A migration whose daily checklist begins today, with a phase and items on every list. */
async function withLists(app: Switchback): Promise<(path: string, body: object) => Promise<Record<string, unknown>>> {
  const post = await admin(app);
  await post("/api/v1/migrations", { key: "ledger", name: "Ledger", zone: "Pacific/Auckland" });
  await post(`${MIGRATION}/phases`, { name: "Core" });
  await post(`${MIGRATION}/modules`, { key: "parcel_ledger", name: "Parcel ledger", phase: 1 });
  const items = [
    { list: "daily", title: "Smoke test", commands: "make smoke", owner: "ines", due: "23:59" },
    { list: "daily", title: "Read the mismatches" },
    { list: "daily", title: "Compare the benchmarks", evidence_required: true },
    { list: "phase", phase: 1, moment: "before", title: "Coverage is 90 %" },
    { list: "phase", phase: 1, moment: "after", title: "Documentation is updated" },
    { list: "once", title: "Order the cake" },
    { list: "conditional", threshold: "hold", title: "Find the cause" },
    { list: "conditional", threshold: "rollback", title: "Consider a rollback" },
  ];
  for (const item of items) {
    await post(`${MIGRATION}/checklists`, item);
  }
  return post;
}

const line = (page: Page, title: string) => page.locator("li.check").filter({ hasText: title });
const tick = (page: Page, title: string) => page.getByRole("button", { name: `Done: ${title}` });

async function open(app: Switchback, page: Page, query = ""): Promise<void> {
  await page.goto(`${app.url}/m/ledger/checklists${query}`);
  await ready(page);
}

test("one press ticks an item, and who and when stands beside it until it is taken back", async ({ app, page }) => {
  await app.signIn(page);
  await withLists(app);
  await open(app, page);
  await expect(page.getByRole("heading", { name: /^Daily/ })).toContainText("3 of 3 left");
  await expect(tick(page, "Smoke test")).toHaveAttribute("aria-pressed", "false");
  await tick(page, "Smoke test").click();
  await expect(tick(page, "Smoke test")).toHaveAttribute("aria-pressed", "true");
  await expect(line(page, "Smoke test").locator(".by")).toContainText("done by");
  await expect(line(page, "Smoke test").locator("time")).toHaveAttribute("title", / UTC$/);
  await expect(page.getByRole("heading", { name: /^Daily/ })).toContainText("2 of 3 left");
  await expect(line(page, "Smoke test").getByText("make smoke")).toBeVisible();

  await page.goto(`${app.url}/m/ledger`);
  await expect(page.getByText("2 of 3 left today")).toBeVisible();

  await open(app, page);
  await tick(page, "Smoke test").click();
  await expect(tick(page, "Smoke test")).toHaveAttribute("aria-pressed", "false");
  await expect(line(page, "Smoke test").locator(".by")).toHaveCount(0);
});

test("an item is ticked by keyboard alone, and the focus stays on it", async ({ app, page }) => {
  await app.signIn(page);
  await withLists(app);
  await open(app, page, "?list=daily");
  const button = tick(page, "Read the mismatches");
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await button.evaluate((element) => element === document.activeElement)) {
      break;
    }
  }
  await expect(button).toBeFocused();
  await page.keyboard.press("Space");
  await expect(button).toHaveAttribute("aria-pressed", "true");
  if (test.info().project.use.javaScriptEnabled !== false) {
    await expect(button).toBeFocused();
  }
});

test("evidence is asked for where the item says so, and a skip gives its reason", async ({ app, page }) => {
  await app.signIn(page);
  await withLists(app);
  await open(app, page, "?list=daily");
  const item = line(page, "Compare the benchmarks");
  await tick(page, "Compare the benchmarks").click();
  // The browser holds a form back whose field is empty.
  await expect(tick(page, "Compare the benchmarks")).toHaveAttribute("aria-pressed", "false");
  await item.getByLabel(/Link to the evidence/).fill("https://ci.example.org/run/7");
  await tick(page, "Compare the benchmarks").click();
  await expect(item.getByRole("link", { name: "Evidence" })).toHaveAttribute("href", "https://ci.example.org/run/7");

  const skipped = line(page, "Smoke test");
  await skipped.getByText("Skip…").click();
  await skipped.getByLabel(/Reason to skip/).fill("no traffic today");
  await skipped.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(skipped.locator(".by")).toContainText("skipped by");
  await expect(skipped.locator(".by")).toContainText("no traffic today");
  await expect(page.getByRole("button", { name: "Skipped: Smoke test" })).toHaveAttribute("aria-pressed", "true");
});

test("the list before a phase keeps its first promotion, which says what is left", async ({ app, page, problems }) => {
  problems.allow(/409/);
  await app.signIn(page);
  await withLists(app);
  const promote = async (): Promise<void> => {
    await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
    await ready(page);
    await page.locator("input[name=mode][value=both_validate]").check();
    await page.locator("#set-reason").fill("compare first");
    await page.getByRole("button", { name: "Set", exact: true }).click();
  };
  await promote();
  await expect(page.getByText(/list before phase 1 has 1 item left: “Coverage is 90 %”/)).toBeVisible();
  await open(app, page, "?phase=1");
  await expect(page.getByText("1 before the first promotion")).toBeVisible();
  await tick(page, "Coverage is 90 %").click();
  await expect(tick(page, "Coverage is 90 %")).toHaveAttribute("aria-pressed", "true");
  await promote();
  await expect(page.getByRole("main").getByText(/old_only → both_validate/).first()).toBeVisible();
});

test("items are added, changed and put away", async ({ app, page }) => {
  await app.signIn(page);
  await withLists(app);
  await open(app, page);
  await page.getByRole("link", { name: "Add an item" }).click();
  await page.getByLabel("List").selectOption({ label: "Once in the migration" });
  await page.getByLabel("What to do").fill("Tell the shift leads");
  await page.getByLabel("Due").fill("2027-01-31");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const item = line(page, "Tell the shift leads");
  await expect(item).toContainText("due 2027-01-31");
  await item.getByRole("link", { name: /Edit/ }).click();
  await page.getByLabel("Owner").fill("joan");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(item).toContainText("joan");
  await item.getByRole("link", { name: /Edit/ }).click();
  await page.getByLabel("Reason to archive").fill("told already");
  await page.getByRole("button", { name: "Archive" }).click();
  await expect(page.getByRole("heading", { name: "Checklists" })).toBeVisible();
  await expect(item).toHaveCount(0);
});

test("a viewer sees who did what and is told why nothing can be pressed", async ({ app, page }) => {
  await withLists(app);
  const added = await app.cli("user", "add", "vera", "--role", "viewer");
  expect(added.code, added.stderr).toBe(0);
  await app.signIn(page, "vera");
  await open(app, page);
  await expect(tick(page, "Smoke test")).toBeDisabled();
  await expect(page.getByText(/Needs the role operator/).first()).toBeVisible();
});

test("the page is accessible and fits a phone, whichever part of it is shown", async ({ app, page }) => {
  test.setTimeout(120_000);
  await app.signIn(page);
  await withLists(app);
  await open(app, page);
  await tick(page, "Smoke test").click();
  await expect(tick(page, "Smoke test")).toHaveAttribute("aria-pressed", "true");
  const parts = ["", "?list=daily", "?list=phases", "?phase=1", "?list=conditional", "?edit=new", "?edit=1", "?edit=999"];
  for (const query of parts) {
    await test.step(query, async () => {
      await open(app, page, query);
      await expect(page.getByRole("main")).toBeVisible();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    });
  }
});
