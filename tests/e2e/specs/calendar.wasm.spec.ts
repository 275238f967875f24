// What script adds to the calendar: bars are dragged, or moved by keys, and what others change appears.
import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, test } from "../fixtures/test.ts";

test("a bar is dragged to other days, and the form asks about what it proposes", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/calendar/phases/1`);
  const [start, end] = [await page.getByLabel("First day").inputValue(), await page.getByLabel("Last day").inputValue()];
  await page.goto(`${app.url}/m/ledger/calendar?from=${start}&days=28`);
  await ready(page);
  const bar = page.getByRole("link", { name: /^Move phase 1,/ }).locator("[data-bar-body]");
  const box = await bar.boundingBox();
  const lane = await page.locator("svg[data-days]").first().boundingBox();
  if (box === null || lane === null) {
    throw new Error("the bar has no place");
  }
  const day = lane.width / 28;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 3 * day, y, { steps: 8 });
  await expect(page.getByRole("status").filter({ hasText: "begins +3 d, ends +3 d" })).toBeVisible();
  await page.mouse.up();
  await page.waitForURL(/calendar\/phases\/1\?.*shift_start=3/);
  const later = (iso: string, days: number): string =>
    new Date(Date.parse(iso) + days * 86_400_000).toISOString().slice(0, 10);
  await expect(page.getByLabel("First day")).toHaveValue(later(start, 3));
  await expect(page.getByLabel("Last day")).toHaveValue(later(end, 3));
  await page.getByRole("button", { name: "Move" }).click();
  await expect(page.getByRole("status").filter({ hasText: /moved/i }).first()).toBeVisible();

  // By its end alone: longer.
  await page.goto(`${app.url}/m/ledger/calendar?from=${start}&days=28`);
  await ready(page);
  const longer = await bar.boundingBox();
  if (longer === null) {
    throw new Error("the bar has no place");
  }
  await page.mouse.move(longer.x + longer.width - 2, y);
  await page.mouse.down();
  await page.mouse.move(longer.x + longer.width - 2 + 2 * day, y, { steps: 8 });
  await page.mouse.up();
  await page.waitForURL(/shift_start=0&shift_end=2/);
});

test("a bar is moved by the arrow keys alone", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/calendar`);
  await ready(page);
  await page.getByRole("link", { name: /^Move phase 1,/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.getByRole("status").filter({ hasText: "begins +2 d, ends +3 d" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.waitForURL(/shift_start=-1&shift_end=-1/);
});

test("days chosen on the axis become a freeze", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/calendar?layout=timeline&from=2026-12-07&days=28`);
  await ready(page);
  const axis = await page.locator("[data-span]").boundingBox();
  if (axis === null) {
    throw new Error("the timeline has no axis");
  }
  const day = axis.width / 28;
  const y = axis.y + axis.height / 2;
  await page.mouse.move(axis.x + 16.5 * day, y);
  await page.mouse.down();
  await page.mouse.move(axis.x + 19.5 * day, y, { steps: 5 });
  await expect(page.getByText("A window from 2026-12-23 to 2026-12-26, both inclusive.")).toBeVisible();
  await page.mouse.up();
  await page.waitForURL(/window_from=2026-12-23&window_until=2026-12-26/);
  await ready(page);
  await expect(page.locator("#window-new-starts")).toHaveValue("2026-12-23T00:00");
  await expect(page.locator("#window-new-ends")).toHaveValue("2026-12-27T00:00");
  await page.locator("#window-new-name").fill("Holidays");
  await page.locator("#windows").getByRole("button", { name: "Add" }).click();
  await expect(page.locator("#windows").getByRole("rowheader", { name: "Holidays" })).toBeVisible();
});

test("a milestone that somebody else adds appears by itself, and a form being filled in stays", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  const token = (await app.cli("token", "create", "--name", "ops", "--kind", "admin")).stdout.trim();
  await page.goto(`${app.url}/m/ledger/calendar`);
  await ready(page);
  await expect(page.getByText("live", { exact: true })).toBeVisible();
  await page.getByText("Add a milestone…").click();
  await page.locator("#milestone-new-name").fill("half typed");
  const answer = await fetch(`${app.url}/api/v1/migrations/ledger/milestones`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Board meeting", day: "2026-12-20" }),
  });
  expect(answer.status).toBe(201);
  await expect(page.locator("#milestones").getByText("Board meeting").first()).toBeVisible();
  await expect(page.locator("#milestone-new-name")).toHaveValue("half typed");
  // What is typed into a row stays with that row, whatever comes before it.
  const board = page.locator("#milestones li").filter({ hasText: "Board meeting" });
  await board.getByText("Archive…").click();
  await board.getByLabel("Reason").fill("moved to spring");
  const earlier = await fetch(`${app.url}/api/v1/migrations/ledger/milestones`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "First parcel", day: "2026-12-01" }),
  });
  expect(earlier.status).toBe(201);
  const first = page.locator("#milestones li").first();
  await expect(first).toContainText("First parcel");
  await expect(first.getByLabel("Reason")).toHaveValue("");
  await expect(board.getByLabel("Reason")).toHaveValue("moved to spring");
  await board.getByRole("button", { name: "Archive" }).click();
  await expect(page.locator("#milestones").getByText("First parcel").first()).toBeVisible();
  await expect(page.locator("#milestones").getByText("Board meeting")).toHaveCount(0);
});
