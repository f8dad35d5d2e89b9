// An agent whose tools are those of an MCP server, whichever client leads there.
import OpenAI from 'openai';

const openai = new OpenAI();

export async function ask(server, question) {
  const { tools: offered } = await server.listTools();
  const tools = offered.map(({ name, description, inputSchema }) => ({ type: 'function', function: { name, description, parameters: inputSchema } }));
  const messages = [{ role: 'user', content: question }];
  for (;;) {
    const { message } = (await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools })).choices[0]; // llm
    if (!message.tool_calls?.length) return message.content;
    messages.push(message);
    const results = await Promise.all(message.tool_calls.map((call) =>
      server.callTool({ name: call.function.name, arguments: JSON.parse(call.function.arguments) }), // asks
    ));
    for (const [index, call] of message.tool_calls.entries()) messages.push({ role: 'tool', tool_call_id: call.id, content: results[index].content[0].text });
  }
}
