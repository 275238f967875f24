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
