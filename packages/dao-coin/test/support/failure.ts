/** The error code with which `action` fails, and the name of the Go node's rule. */
export async function failureOf(action: () => unknown): Promise<{ code: string; ruleError: string | undefined }> {
  try {
    await action();
  } catch (error) {
    const { code, details } = error as { code?: unknown; details?: { ruleError?: string } };
    if (typeof code !== 'string') throw error;
    return { code, ruleError: details?.ruleError };
  }
  return { code: 'none', ruleError: undefined };
}
