/** Where spans are drawn, by number. */
import { withRoom } from '../../../src/protocol/growing.ts';
import type { SpanLaneName } from './spanParts.ts';

export const spanLaneNames = ['request', 'agent', 'llm', 'tool'] as const;

/** Where a span is drawn. */
export interface Place {
  lane: SpanLaneName;
  row: number;
}

export class Places {
  /** One more than the lane's place in `spanLaneNames`; 0 for none. */
  private lane = new Uint8Array(0);
  private row = new Uint16Array(0);

  clear(): void {
    this.lane = new Uint8Array(0);
    this.row = new Uint16Array(0);
  }

  reserve(count: number): void {
    this.lane = withRoom(this.lane, count);
    this.row = withRoom(this.row, count);
  }

  set(number: number, lane: SpanLaneName, row: number): void {
    this.reserve(number + 1);
    this.lane[number] = spanLaneNames.indexOf(lane) + 1;
    this.row[number] = row;
  }

  delete(number: number): void {
    if (number < this.lane.length) this.lane[number] = 0;
  }

  laneOf(number: number): SpanLaneName | null {
    return spanLaneNames[(this.lane[number] ?? 0) - 1] ?? null;
  }

  rowOf(number: number): number {
    return this.row[number] ?? 0;
  }

  get bytes(): number {
    return this.lane.byteLength + this.row.byteLength;
  }
}
