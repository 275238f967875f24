// Asks a server through OpenFeature's own OFREP provider for browsers, and again when its event stream says that flags changed.
//
//     SWITCHBACK_TOKEN=... node --experimental-eventsource web.mjs URL < question.json
//
// The question is {subject: text or null, questions: [{flag, kind: "boolean" or "string", default}]}. Prints the answers as one
// line, waits for a change, prints them once more, and ends. Nothing polls and nothing is kept on disk, so that a change can
// only be heard of through the stream.

import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";

import { answerOf, authorization, readQuestions } from "./talk.mjs";

const LIMIT_SECONDS = 30;

if (typeof EventSource === "undefined") {
  throw new Error("this Node.js has no EventSource: start it with --experimental-eventsource (20.18 or newer)");
}

const limit = setTimeout(() => {
  console.error(`no change was heard of within ${LIMIT_SECONDS} seconds`);
  process.exit(1);
}, LIMIT_SECONDS * 1000);

const { subject, questions } = await readQuestions();
const client = OpenFeature.getClient();

function printAnswers() {
  const answers = questions.map(({ flag, kind, default: fallback }) =>
    answerOf(
      kind === "string" ? client.getStringDetails(flag, fallback) : client.getBooleanDetails(flag, fallback),
    ),
  );
  console.log(JSON.stringify(answers));
}

const provider = new OFREPWebProvider({
  baseUrl: process.argv[2],
  headers: authorization(),
  pollInterval: 0,
  changeDetection: "sse",
  cacheMode: "disabled",
});
await OpenFeature.setContext(subject === null ? {} : { targetingKey: subject });
await OpenFeature.setProviderAndWait(provider);
const changed = new Promise((resolve) =>
  client.addHandler(ProviderEvents.ConfigurationChanged, ({ flagsChanged }) => {
    // The stream's first event only says where it stands.
    if (flagsChanged?.length) resolve();
  }),
);
printAnswers();
await changed;
printAnswers();
await OpenFeature.close();
clearTimeout(limit);
