import type { ExecutionSummary } from '../documents';
import type { Section } from './section';

export type ListRow =
  | { kind: 'section'; section: Section }
  | {
      kind: 'execution';
      section: Section;
      index: number;
      execution: ExecutionSummary | undefined;
    };

/**
 * Rows that a part of the list has, its title included.
 */
export function sizeOf(section: Section): number {
  return titled(section) + (section.open ? (section.total ?? 0) : 0);
}

/**
 * What stands in a row; null below the last one, which a view may still draw while the list gets shorter.
 */
export function rowAt(
  sections: readonly Section[],
  index: number
): ListRow | null {
  let rest = index;
  for (const section of sections) {
    const size = sizeOf(section);
    if (rest < size) {
      const inner = rest - titled(section);
      return inner < 0
        ? { kind: 'section', section }
        : {
            kind: 'execution',
            section,
            index: inner,
            execution: section.at(inner)
          };
    }
    rest -= size;
  }
  return null;
}

/**
 * What is in sight between two rows: parts of the list, each with its first and its last execution there.
 */
export function inSight(
  sections: readonly Section[],
  from: number,
  to: number
): [Section, number, number][] {
  const found: [Section, number, number][] = [];
  let start = 0;
  for (const section of sections) {
    const size = sizeOf(section);
    const head = start + titled(section);
    const first = Math.max(from, head) - head;
    const last = Math.min(to, start + size - 1) - head;
    if (!section.total) {
      // Of one that is empty the first row may have come.
      found.push([section, 0, 0]);
    } else if (section.open && last >= first) {
      found.push([section, first, last]);
    }
    start += size;
  }
  return found;
}

function titled(section: Section): number {
  return section.title === null ? 0 : 1;
}
