// The main job, end to end, with WASM and without: import a plan, move a module, see a service follow, roll it back,
// see the service obey, find both in the audit log.
import { expect, test } from "../fixtures/test.ts";
import { planFile, ready, Service } from "../fixtures/plan.ts";

test("a lead imports a plan, moves a module to 10 %, rolls it back, and finds both in the audit log", async ({ app, page }) => {
  await app.signIn(page);
  await page.goto(`${app.url}/import`);
  await page.getByLabel("Plan", { exact: true }).setInputFiles(planFile);
  await page.getByLabel("Key of the migration").fill("ledger");
  await page.getByLabel("First day").fill("2026-12-07");
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByRole("heading", { name: "Import preview" })).toBeVisible();
  await expect(page.getByText("stamp_printer").first()).toBeVisible();
  await page.getByRole("button", { name: "Import" }).click();
  await page.waitForURL(/\/m\/ledger/);

  const service = await Service.connect(app, "ledger");
  expect(await service.onNew("parcel_ledger")).toBe(0);

  await page.goto(`${app.url}/m/ledger/modules`);
  await page.getByRole("link", { name: "parcel_ledger" }).first().click();
  await expect(page.getByRole("heading", { name: /parcel_ledger/ }).first()).toBeVisible();
  await ready(page);
  await page.locator("input[name=mode][value=gradual_rollout]").check();
  await page.locator("input[name=exposure]").fill("10");
  await page.locator("#set-reason").fill("first ten per cent");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(page.getByText(/10 %/).first()).toBeVisible();
  await expect.poll(async () => (await service.evaluate("parcel_ledger", "u")).metadata["exposure"]).toBe(1000);
  const onNew = await service.onNew("parcel_ledger");
  expect(onNew).toBeGreaterThan(4);
  expect(onNew).toBeLessThan(41);

  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
  await page.getByRole("link", { name: "Roll back…" }).first().click();
  await page.getByRole("button", { name: "Error rate" }).click();
  await expect(page.getByText(/stored/i).first()).toBeVisible();
  expect(await service.onNew("parcel_ledger")).toBe(0);

  await page.goto(`${app.url}/m/ledger/audit`);
  await expect(page.getByText("flag.rollback").first()).toBeVisible();
  await expect(page.getByText("flag.set").first()).toBeVisible();
  await expect(page.getByText(/verified/i).first()).toBeVisible();
});

test("the kill switch wants the migration's key, and resuming shows exactly what comes back", async ({ app, page, problems }) => {
  problems.allow(/409|400/);
  await app.signIn(page);
  const imported = await app.cli("plan", "import", planFile, "--migration", "ledger", "--start", "2026-12-07");
  expect(imported.code, imported.stderr).toBe(0);
  const service = await Service.connect(app, "ledger");
  await page.goto(`${app.url}/m/ledger/modules/stamp_printer`);
  await ready(page);
  await page.locator("input[name=mode][value=gradual_rollout]").check();
  await page.locator("input[name=exposure]").fill("50");
  await page.locator("#set-reason").fill("half");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect.poll(async () => (await service.evaluate("stamp_printer", "u")).metadata["exposure"]).toBe(5000);

  await page.goto(`${app.url}/m/ledger`);
  await page.getByRole("link", { name: /kill switch/i }).first().click();
  await ready(page);
  await page.locator("input[name=confirm]").fill("ledgre");
  await page.locator("main [name=reason]").first().fill("errors everywhere");
  const press = page.getByRole("main").getByRole("button", { name: /kill switch/i });
  await press.click();
  expect((await service.evaluate("stamp_printer", "u")).metadata["killSwitch"]).toBeUndefined();
  await expect(page.locator("main [name=reason]").first()).toHaveValue("errors everywhere");
  await ready(page);
  await page.locator("input[name=confirm]").fill("ledger");
  await press.click();
  await expect.poll(async () => (await service.evaluate("stamp_printer", "u")).metadata["killSwitch"]).toBe(true);

  await page.goto(`${app.url}/m/ledger/resume`);
  await expect(page.getByRole("main").getByText("stamp_printer").first()).toBeVisible();
  await page.locator("main [name=reason]").first().fill("repaired");
  await page.getByRole("main").getByRole("button", { name: /^Resume/ }).first().click();
  await expect.poll(async () => (await service.evaluate("stamp_printer", "u")).metadata["killSwitch"]).toBeUndefined();
  expect(await service.onNew("stamp_printer")).toBeGreaterThan(50);
});
