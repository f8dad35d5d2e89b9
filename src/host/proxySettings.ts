/** VS Code's own settings for a proxy, as the variables that the profiler reads. */
import { workspace } from 'vscode';
import { proxyVariables } from './proxyVariables.ts';

/** What to add to this process's environment, so that the profiler takes the way that VS Code takes. */
export function proxyEnvironment(): Record<string, string> {
  const http = workspace.getConfiguration('http');
  return proxyVariables({ proxy: http.get('proxy'), support: http.get('proxySupport'), exceptions: http.get('noProxy') }, process.env);
}
