// What the programs here have in common: questions in, answers out.

/** All of standard input, as JSON. */
export async function readQuestions() {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  return JSON.parse(text);
}

/** The header a provider shows its token in. */
export function authorization() {
  return [["Authorization", `Bearer ${process.env.SWITCHBACK_TOKEN}`]];
}

/** What the client's details say, in the words of every client's answers. */
export function answerOf(details) {
  return {
    value: details.value,
    variant: details.variant ?? null,
    reason: details.reason ?? null,
    error_code: details.errorCode ?? null,
    error_message: details.errorMessage ?? null,
    flag_metadata: details.flagMetadata ?? {},
  };
}
