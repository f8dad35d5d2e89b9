/** What is used of flame-chart-js, which is installed apart, for the benchmark only. */
declare module 'flame-chart-js' {
  export interface FlameChartNode {
    name: string;
    start: number;
    duration: number;
    type?: string;
    color?: string;
    children?: FlameChartNode[];
  }
  export class FlameChartPlugin {
    constructor(options: { name: string; data: FlameChartNode[] });
    setData(data: FlameChartNode[]): void;
  }
  export class TimeGridPlugin {}
  export class FlameChartContainer {
    constructor(options: { canvas: HTMLCanvasElement; plugins: object[] });
    setZoom(start: number, end: number): void;
    render(): void;
  }
}
