// The palette and the keys, on pages that are taken over and on pages that the server makes whole.
import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, expectAccessible, test } from "../fixtures/test.ts";

for (const below of ["", "/issues"]) {
  test(`the keyboard alone finds a module and goes there, from /m/ledger${below}`, async ({ app, page }) => {
    await app.signIn(page);
    await importPlan(app, planFile, "ledger");
    await page.goto(`${app.url}/m/ledger${below}`);
    await ready(page);
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Search" });
    await expect(palette.getByRole("link", { name: "Roll back…" })).toBeVisible();
    await page.keyboard.type("stamp");
    await expect(palette.getByRole("link").first()).toContainText("stamp_printer");
    await expectAccessible(page);
    await page.keyboard.press("ArrowDown");
    await expect(palette.getByRole("link").first()).toBeFocused();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL(/modules\/stamp_printer/);
    await expect(palette).toBeHidden();
    await page.keyboard.press("Control+k");
    await expect(palette).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(palette).toBeHidden();
  });
}

test("keys lead to pages, show themselves, and are silent in fields", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger`);
  await ready(page);
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await page.waitForURL(/\/m\/ledger\/modules$/);
  await ready(page);
  await expect(page.getByRole("link", { name: "parcel_ledger" })).toBeVisible();
  await page.keyboard.press("j");
  await expect(page.locator("table tbody th > a").first()).toBeFocused();
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await expect(keys.getByText("Open an issue, about the module you look at")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("gm?");
  await expect(page.locator("main input[type=search]")).toHaveValue("gm?");
  await expect(page).toHaveURL(/\/m\/ledger\/modules$/);
  await page.goto(`${app.url}/m/ledger/calendar`);
  await ready(page);
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.waitForURL(/\/m\/ledger\/issues$/);
});

test("Enter right after typing goes where the words lead, and the button opens the palette everywhere", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  for (const below of ["", "/issues"]) {
    await page.goto(`${app.url}/m/ledger${below}`);
    await ready(page);
    await page.locator("a[data-palette]").click();
    const palette = page.getByRole("dialog", { name: "Search" });
    await expect(palette.getByRole("link", { name: "Overview" })).toBeVisible();
    await page.keyboard.type("kill switch");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/m\/ledger\/kill-switch/);
  }
});

test("an address that no page has says so, and stays", async ({ app, page, problems }) => {
  problems.allow(/404/);
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  for (const below of ["/changes", "/set/nothing", "/modules/parcel_ledger/nothing"]) {
    let documents = 0;
    const count = (request: { isNavigationRequest(): boolean }) => {
      documents += request.isNavigationRequest() ? 1 : 0;
    };
    page.on("request", count);
    const answer = await page.goto(`${app.url}/m/ledger${below}`);
    expect(answer?.status()).toBe(404);
    await ready(page);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    expect(documents).toBe(1);
    page.off("request", count);
  }
});

for (const below of ["/changes/2", "/connect"]) {
  test(`what is copied says so, on /m/ledger${below}`, async ({ app, page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await app.signIn(page);
    await importPlan(app, planFile, "ledger");
    const token = (await app.cli("token", "create", "--name", "ops", "--kind", "operator")).stdout.trim();
    const about = ["--migration", "ledger", "--url", app.url, "--token", token, "parcel_ledger"];
    const set = await app.cli("set", "--mode", "both_validate", "--reason", "compare first", ...about);
    expect(set.code, set.stderr).toBe(0);
    await page.goto(`${app.url}/m/ledger${below}`);
    await ready(page);
    const copy = page.locator("button.copy").first();
    const label = await copy.innerText();
    await copy.click();
    await expect(copy).toHaveText("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).not.toBe("");
    await expect(copy).toHaveText(label);
  });
}
