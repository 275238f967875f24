// What script adds to checklists: ticks of others appear, and several presses on their way do not wait for each other.
import { ready } from "../fixtures/plan.ts";
import { expect, test } from "../fixtures/test.ts";

test("a tick made elsewhere appears, and pressing many at once loses none", async ({ app, page }) => {
  await app.signIn(page);
  const { stdout } = await app.cli("token", "create", "--name", "ops", "--kind", "admin");
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(app.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${stdout.trim()}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect(answer.ok, text).toBe(true);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const lists = "/api/v1/migrations/ledger/checklists";
  await post("/api/v1/migrations", { key: "ledger", name: "Ledger", zone: "Pacific/Auckland" });
  const first = await post(lists, { list: "daily", title: "Item 0" });
  for (let number = 1; number < 6; number += 1) {
    await post(lists, { list: "daily", title: `Item ${number}` });
  }
  await page.goto(`${app.url}/m/ledger/checklists`);
  await ready(page);
  await expect(page.getByText("live", { exact: true })).toBeVisible();
  await post(`${lists}/${String(first["subject"])}/tick`, {});
  await expect(page.getByRole("button", { name: "Done: Item 0" })).toHaveAttribute("aria-pressed", "true", { timeout: 1_500 });
  await expect(page.locator("li.check").first()).toContainText("token:ops");
  for (let number = 1; number < 6; number += 1) {
    await page.getByRole("button", { name: `Done: Item ${number}` }).click({ noWaitAfter: true });
  }
  await expect(page.getByRole("heading", { name: /^Daily/ })).toContainText("all 6 done");
});

test("whoever ticks what somebody ticked a moment ago is told who it was", async ({ app, page, problems }) => {
  problems.allow(/409/);
  await app.signIn(page);
  const { stdout } = await app.cli("token", "create", "--name", "ops", "--kind", "admin");
  const asOps = { authorization: `Bearer ${stdout.trim()}`, "content-type": "application/json" };
  const post = (path: string, body: object) =>
    fetch(app.url + path, { method: "POST", headers: asOps, body: JSON.stringify(body) });
  const lists = "/api/v1/migrations/ledger/checklists";
  await post("/api/v1/migrations", { key: "ledger", name: "Ledger", zone: "UTC" });
  const added = (await (await post(lists, { list: "once", title: "Order the cake" })).json()) as { subject: string };
  // The page does not hear of it: it has no stream, as on a train.
  await page.route("**/live", (route) => route.abort());
  problems.allow(/live|ERR_FAILED/);
  await page.goto(`${app.url}/m/ledger/checklists`);
  await ready(page);
  await post(`${lists}/${added.subject}/tick`, {});
  await page.getByRole("button", { name: "Done: Order the cake" }).click();
  await expect(page.getByRole("alert")).toContainText(/already done by token:ops/);
});
