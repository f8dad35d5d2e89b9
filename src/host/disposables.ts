/** What a part of the extension must let go of when it ends. */
import type { Disposable } from 'vscode';

/** Disposes what it holds, in reverse order; what is added after that is disposed at once. */
export class DisposableList implements Disposable {
  private readonly items: Disposable[] = [];
  private disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.disposed) item.dispose();
    else this.items.push(item);
    return item;
  }

  dispose(): void {
    this.disposed = true;
    for (const item of this.items.splice(0).reverse()) item.dispose();
  }
}
