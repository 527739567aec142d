/** A condition over numbers that have names, such as `instances * threads <= cores`. */
export type Condition = {
  readonly text: string;
  /** `numberOf` gives the number that a name stands for; NaN where it stands for none, and then the condition is not met. */
  readonly holds: (numberOf: (name: string) => number) => boolean;
};

type Term = (numberOf: (name: string) => number) => number;

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

/** The name of a flag holds dashes: what is subtracted from one stands apart. */
const token = /\s*(?:(\d+(?:\.\d+)?)|(server\.[a-z][a-z0-9-]*|[A-Za-z_][\w.]*)|(<=|>=|==|!=|[<>+\-*/()]))/y;
const textLimit = 200;

/** Sums, differences, products and quotients on both sides of one comparison. Undefined for text that is no such thing. */
export function parseCondition(text: string): Condition | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const reader = new Reader(tokens);
  const left = reader.sum();
  const symbol = reader.take() ?? '';
  const compare = Object.hasOwn(comparisons, symbol) ? comparisons[symbol] : undefined;
  const right = reader.sum();
  if (left === undefined || compare === undefined || right === undefined || !reader.ended) return undefined;
  return { text, holds: (numberOf) => compare(left(numberOf), right(numberOf)) };
}

function tokensOf(text: string): string[] | undefined {
  if (text.length > textLimit) return undefined;
  const tokens: string[] = [];
  token.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (token.lastIndex < trimmed.length) {
    const match = token.exec(trimmed);
    if (match === null) return undefined;
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** One token after the other; each part is undefined where the text does not go on as it must. */
class Reader {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get ended(): boolean {
    return this.#next === this.#tokens.length;
  }

  take(): string | undefined {
    const taken = this.#tokens[this.#next];
    this.#next += 1;
    return taken;
  }

  sum(): Term | undefined {
    return this.#chain({ '+': (a, b) => a + b, '-': (a, b) => a - b }, () =>
      this.#chain({ '*': (a, b) => a * b, '/': (a, b) => a / b }, () => this.#factor()),
    );
  }

  #chain(
    operators: Readonly<Record<string, (a: number, b: number) => number>>,
    part: () => Term | undefined,
  ): Term | undefined {
    let left = part();
    for (;;) {
      const symbol = this.#tokens[this.#next] ?? '';
      const operator = Object.hasOwn(operators, symbol) ? operators[symbol] : undefined;
      if (left === undefined || operator === undefined) return left;
      this.#next += 1;
      const [before, after] = [left, part()];
      left = after === undefined ? undefined : (numberOf) => operator(before(numberOf), after(numberOf));
    }
  }

  #factor(): Term | undefined {
    const taken = this.take() ?? '';
    if (taken === '(') {
      const inner = this.sum();
      return this.take() === ')' ? inner : undefined;
    }
    if (/^\d/.test(taken)) return () => Number(taken);
    return /^[A-Za-z_]/.test(taken) ? (numberOf) => numberOf(taken) : undefined;
  }
}
