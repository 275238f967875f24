// What script adds to the issue log: one key opens an issue from anywhere, and the keyboard alone is enough.
import { openIssue } from "../fixtures/issues.ts";
import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, test } from "../fixtures/test.ts";

test("one key opens an issue with module and time filled in, and the rest is typed", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
  await ready(page);
  await page.keyboard.press("i");
  await expect(page.getByRole("heading", { name: "Open an issue" })).toBeVisible();
  await expect(page.getByLabel("Module, its key")).toHaveValue("parcel_ledger");
  await expect(page.getByLabel("Noticed, UTC")).toHaveValue(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
  await page.getByLabel("Title").focus();
  await page.keyboard.type("In a hurry: i is only a letter here");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: /In a hurry: i is only a letter here/ })).toBeVisible();
  await page.getByLabel("Comment").focus();
  await page.keyboard.type("first");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.locator(".said").getByText("first")).toBeVisible();
  await expect(page.getByLabel("Comment")).toHaveValue("");
});

test("the key is silent with a modifier, outside a migration, and when it is turned off", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/modules`);
  await ready(page);
  await page.keyboard.press("Alt+i");
  await page.locator("summary", { hasText: "Person menu" }).click();
  await page.getByRole("button", { name: "Single keys: on" }).click();
  await expect(page.getByRole("button", { name: "Single keys: off" })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/m/ledger/modules");
  await page.reload();
  await ready(page);
  await page.keyboard.press("i");
  // Whatever a key does it has done by the time another page is there.
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Issues" }).click();
  await expect(page.getByRole("heading", { name: "No issues yet" })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/m/ledger/issues");
});

test("what somebody else writes appears, and keeps what is being typed", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await openIssue(page, app.url, "ledger", "parcel_ledger");
  await expect(page.getByText("live", { exact: true })).toBeVisible();
  await page.getByLabel("Comment").fill("half a sentence");
  const token = (await app.cli("token", "create", "--name", "ops", "--kind", "operator")).stdout.trim();
  const answer = await fetch(`${app.url}/api/v1/migrations/ledger/issues/1/comments`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ comment: "from somewhere else" }),
  });
  expect(answer.status).toBe(201);
  await expect(page.locator(".said").getByText("from somewhere else")).toBeVisible();
  await expect(page.getByLabel("Comment")).toHaveValue("half a sentence");
  // Parts of the page come and go around what is being typed.
  for (const [status, words] of [
    ["resolved", { resolution: "put right" }],
    ["open", {}],
  ] as const) {
    const issue = await fetch(`${app.url}/api/v1/migrations/ledger/issues/1`, { headers: { authorization: `Bearer ${token}` } });
    const { version } = (await issue.json()) as { version: number };
    const moved = await fetch(`${app.url}/api/v1/migrations/ledger/issues/1/status`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ status, expected_version: version, ...words }),
    });
    expect(moved.status, await moved.text()).toBe(200);
    await expect(page.locator(".page-head").getByText(status, { exact: true })).toBeVisible();
    await expect(page.getByLabel("Comment")).toHaveValue("half a sentence");
    await expect(page.getByLabel("Comment")).toHaveCount(1);
  }
});
