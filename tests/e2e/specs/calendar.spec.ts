// The calendar, with WASM and without: phases are moved and wait for each other, freezes hold promotions back, and every
// view of it has an address.
import { examplePlanFile, importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";

test("a phase is moved by its form, what waits for it moves along, and a dependency is kept", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, examplePlanFile, "atlas");
  await page.goto(`${app.url}/m/atlas/calendar`);
  await ready(page);
  const main = page.getByRole("main");
  await main.getByRole("link", { name: /^2 / }).first().click();
  await expect(page.getByRole("heading", { name: /^Phase 2/ })).toBeVisible();
  await page.getByLabel("Waits for phases").fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(main.getByRole("status").filter({ hasText: /wait|need/i }).first()).toBeVisible();

  // Phase 1 may not run into what waits for it, unless that moves along.
  await page.goto(`${app.url}/m/atlas/calendar/phases/2`);
  const second = await page.getByLabel("First day").inputValue();
  await page.goto(`${app.url}/m/atlas/calendar/phases/1?shift_end=10`);
  await expect(page.getByText(/What waits for it: 2 /)).toBeVisible();
  await page.getByRole("radio", { name: "keeps its days" }).check();
  await page.getByRole("button", { name: "Move" }).click();
  await expect(page.getByRole("alert").first()).toContainText(/2/);
  await page.getByRole("radio", { name: "moves along" }).check();
  await page.getByRole("button", { name: "Move" }).click();
  await expect(main.getByRole("status").filter({ hasText: /moved/i }).first()).toBeVisible();
  await page.goto(`${app.url}/m/atlas/calendar/phases/2`);
  expect(await page.getByLabel("First day").inputValue() > second).toBe(true);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
});

test("a freeze holds promotions back and says until when; a rollback goes through", async ({ app, page, problems }) => {
  problems.allow(/409|400/);
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  const token = (await app.cli("token", "create", "--name", "ops", "--kind", "operator")).stdout.trim();
  const about = ["--migration", "ledger", "--url", app.url, "--token", token, "parcel_ledger"];
  const set = await app.cli("set", "--mode", "both_validate", "--reason", "compare first", ...about);
  expect(set.code, set.stderr).toBe(0);
  await page.goto(`${app.url}/m/ledger/calendar`);
  await ready(page);
  const main = page.getByRole("main");
  await page.getByText("Add a window…").click();
  const windows = page.locator("#windows");
  await windows.getByLabel("Name").fill("Year's end");
  await windows.getByLabel("Kind").selectOption("freeze");
  const minute = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 16);
  await windows.getByLabel("Begins").fill(minute(-30));
  await windows.getByLabel("Ends").fill(minute(-60));
  await windows.getByRole("button", { name: "Add" }).click();
  // What was typed stays, with what is wrong about it.
  await expect(windows.getByLabel("Name").first()).toHaveValue("Year's end");
  await expect(windows.getByText(/end/i).first()).toBeVisible();
  await windows.getByLabel("Ends").fill(minute(30));
  await windows.getByRole("button", { name: "Add" }).click();
  await expect(windows.getByRole("rowheader", { name: "Year's end" })).toBeVisible();

  await page.goto(`${app.url}/m/ledger/modules/stamp_printer`);
  await ready(page);
  await page.locator("input[name=mode][value=both_validate]").check();
  await page.locator("#set-reason").fill("try it anyway");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(main.getByText(/freeze "Year's end" is on for stamp_printer until/).first()).toBeVisible();
  const back = await app.cli("rollback", "--reason", "error rate", ...about);
  expect(back.code, back.stderr).toBe(0);
  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
  await expect(main.getByRole("heading", { name: /parcel_ledger old only/ })).toBeVisible();
});

test("timeline, month and week have addresses, and each fits a phone", async ({ app, page, problems }) => {
  problems.allow(/400/);
  test.setTimeout(120_000);
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/calendar?from=2026-12-07`);
  await ready(page);
  await expect(page.getByRole("table", { name: /Timeline/ })).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.getByRole("link", { name: "Month" }).click();
  await page.waitForURL(/layout=month/);
  await page.goto(`${app.url}/m/ledger/calendar?layout=month&from=2026-12-07`);
  await expect(page.getByRole("heading", { name: "December 2026" })).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.getByRole("link", { name: "Later" }).click();
  await expect(page.getByRole("heading", { name: "January 2027" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "December 2026" })).toBeVisible();
  await page.goto(`${app.url}/m/ledger/calendar?layout=week&from=2026-12-07`);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.goto(`${app.url}/m/ledger/calendar?zone=Nowhere/Else`);
  await expect(page.getByText(/Nowhere\/Else/).first()).toBeVisible();
});

test("an address for calendar programs is shown once, read without a session, and revoked", async ({ app, page, problems }) => {
  problems.allow(/404/);
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/calendar`);
  await ready(page);
  await page.getByRole("button", { name: "Make an address" }).click();
  const address = await page.locator("code.secret").innerText();
  expect(address).toMatch(/\/calendar\/[\w-]{43}\.ics$/);
  const path = new URL(address).pathname;
  const read = await fetch(app.url + path);
  expect(read.headers.get("content-type")).toBe("text/calendar; charset=utf-8");
  expect(await read.text()).toContain("SUMMARY:Phase 2: Week 1: Ledger core");
  const subscriptions = page.locator("#subscribe");
  await expect(subscriptions.getByText("yours, made")).toBeVisible();
  await page.goto(`${app.url}/m/ledger/calendar`);
  await expect(page.locator("code.secret")).toHaveCount(0);
  await ready(page);
  await subscriptions.getByRole("button", { name: /^Revoke/ }).click();
  await expect(subscriptions.getByText("yours, made")).toHaveCount(0);
  expect((await fetch(app.url + path)).status).toBe(404);
});
