/** The page's part of a long session: the model that the timeline draws from, in a heap of its own. */
import { parentPort } from 'node:worker_threads';
import { TimelineModel } from '../../../webview/timeline/model/timelineModel.ts';
import type { DocumentPart, PackedUpdate } from '../../../src/protocol/webview.ts';
import type { SpanSlice } from '../../../src/protocol/spanColumns.ts';

export type ToPage = { part: DocumentPart } | { update: PackedUpdate } | { preview: SpanSlice[] } | { measure: true };

const model = new TimelineModel();

parentPort?.on('message', (message: ToPage) => {
  if ('part' in message) model.take(message.part);
  else if ('update' in message) model.update(message.update);
  else if ('preview' in message) model.preview(message.preview);
  else {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    parentPort?.postMessage({ heapUsed, arrayBuffers, spans: model.spanCount, columns: model.bytes });
  }
});
