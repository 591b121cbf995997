// Cases of Google's Node SDK on a target that speaks OpenAI's dialect.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai";
import { run, words } from "./runner.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/@google/genai/package.json", import.meta.url)));
const httpOptions = { baseUrl: process.env.SWITCHYARD };
const client = new GoogleGenAI({ apiKey: process.env.OPENAI_API_KEY, httpOptions });
const ASK = "say something about the time";
const tools = [
  {
    functionDeclarations: [
      {
        name: "get_weather",
        description: "The weather of a city",
        parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    ],
  },
];

const ask = (more = {}) => client.models.generateContent({ model: "upstream/gpt-sim", contents: ASK, ...more });

async function status(model) {
  try {
    await ask({ model });
  } catch (error) {
    assert.ok(error instanceof ApiError, error.stack);
    return error.status;
  }
  throw new Error(`${model} was answered`);
}

await run(`node google-genai ${version}`, {
  async text() {
    const answer = await ask();
    assert.equal(words(answer.text), 12);
    assert.equal(answer.candidates[0].finishReason, "STOP");
    assert.equal(answer.usageMetadata.candidatesTokenCount, 12);
  },
  async "system instruction"() {
    assert.ok((await ask({ config: { systemInstruction: "be brief" } })).text);
  },
  async limit() {
    assert.equal((await ask({ config: { maxOutputTokens: 3 } })).candidates[0].finishReason, "MAX_TOKENS");
  },
  async stream() {
    let text = "";
    for await (const chunk of await client.models.generateContentStream({ model: "upstream/gpt-sim", contents: ASK })) {
      text += chunk.text ?? "";
    }
    assert.equal(text, (await ask()).text);
  },
  async tools() {
    const [call] = (await ask({ config: { tools } })).functionCalls;
    assert.equal(call.name, "get_weather");
    assert.equal(typeof call.args, "object");
  },
  async "parallel tools"() {
    assert.equal((await ask({ model: "two-calls", config: { tools } })).functionCalls.length, 2);
  },
  async "forced tool"() {
    const functionCallingConfig = { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_weather"] };
    assert.equal((await ask({ config: { tools, toolConfig: { functionCallingConfig } } })).functionCalls.length, 1);
  },
  async "tool loop"() {
    const first = await ask({ config: { tools } });
    const [call] = first.functionCalls;
    const result = { functionResponse: { id: call.id, name: call.name, response: { result: "sunny" } } };
    const contents = [
      { role: "user", parts: [{ text: ASK }] },
      first.candidates[0].content,
      { role: "user", parts: [result] },
    ];
    assert.ok((await ask({ contents, config: { tools } })).text);
  },
  async chat() {
    const chat = client.chats.create({ model: "upstream/gpt-sim" });
    assert.ok((await chat.sendMessage({ message: "hello" })).text);
    assert.ok((await chat.sendMessage({ message: "go on" })).text);
  },
  async "count tokens"() {
    assert.ok((await client.models.countTokens({ model: "upstream/gpt-sim", contents: ASK })).totalTokens > 3);
  },
  async models() {
    const names = [];
    for await (const model of await client.models.list()) names.push(model.name);
    assert.ok(names.includes("models/upstream/gpt-sim"));
  },
  async "errors keep their status"() {
    for (const wanted of [404, 422, 429]) assert.equal(await status(`status-${wanted}`), wanted);
    assert.equal(await status("nowhere"), 404);
  },
  async failover() {
    assert.ok((await ask({ model: "fast" })).text);
  },
});
