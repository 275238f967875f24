// Asks a server through OpenFeature's own OFREP provider for Node.js.
//
//     SWITCHBACK_TOKEN=... node server.mjs URL < questions.json > answers.json
//
// A question is {flag, kind: "boolean" or "string", default, subject: text or null}; answers come in the same order.

import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

import { answerOf, authorization, readQuestions } from "./talk.mjs";

async function answer(client, { flag, kind, default: fallback, subject }) {
  const context = subject === null ? {} : { targetingKey: subject };
  const details =
    kind === "string"
      ? await client.getStringDetails(flag, fallback, context)
      : await client.getBooleanDetails(flag, fallback, context);
  return answerOf(details);
}

const provider = new OFREPProvider({ baseUrl: process.argv[2], headers: authorization() });
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
const answers = [];
for (const question of await readQuestions()) answers.push(await answer(client, question));
process.stdout.write(JSON.stringify(answers));
