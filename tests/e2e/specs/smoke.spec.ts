import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";

test("a new server is alive and shows the way in", async ({ app, page }) => {
  const health = await page.request.get("/healthz");
  expect(health.status()).toBe(200);

  await page.goto("/sign-in");
  await expect(page).toHaveURL(`${app.url}/sign-in`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test("the link the server prints signs its reader in", async ({ app, page }) => {
  await app.signIn(page);
  await expect(page.getByRole("main")).toBeVisible();
  const cookies = await page.context().cookies();
  expect(cookies.some((cookie) => cookie.httpOnly && cookie.sameSite === "Lax")).toBe(true);
});
