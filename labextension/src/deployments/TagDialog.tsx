import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { DeploymentSummary, ScheduleView } from '../documents';
import { consequenceOf, DEFAULT_TAG, type ITagging } from './tags';

interface IAsked {
  version: number;
  versions: readonly DeploymentSummary[];
  schedules: readonly ScheduleView[];
  trans: TranslationBundle;
}

/**
 * Ask which tag a version is to get; null if none.
 */
export async function askForTag(
  flow: string,
  asked: IAsked
): Promise<ITagging | null> {
  const { trans, version } = asked;
  const body = new TagBody(asked);
  const { button, value } = await showDialog({
    title: trans.__('Tag version %1 of %2', version, flow),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Set Tag') })
    ],
    focusNodeSelector: 'input[name=tag]'
  });
  return button.accept ? value : null;
}

class TagBody extends ReactWidget implements Dialog.IBodyWidget<ITagging> {
  constructor(private readonly asked: IAsked) {
    super();
    this.addClass('jp-kitaru-dialog');
  }

  getValue(): ITagging {
    const { tag, exclusive } = this._tagging;
    return { tag, exclusive: exclusive || tag === DEFAULT_TAG };
  }

  protected override render(): React.JSX.Element {
    return (
      <TagFields
        {...this.asked}
        tagging={this._tagging}
        onChange={tagging => {
          this._tagging = tagging;
          this.update();
        }}
      />
    );
  }

  private _tagging: ITagging = { tag: '', exclusive: true };
}

/**
 * The fields of the dialog; what they would change is said while one types.
 */
export function TagFields(
  props: IAsked & { tagging: ITagging; onChange(tagging: ITagging): void }
): React.JSX.Element {
  const { trans, version, versions, schedules, tagging, onChange } = props;
  const id = React.useId();
  const field = React.useRef<HTMLInputElement>(null);
  const { text, isPossible } = consequenceOf(
    tagging,
    version,
    versions,
    schedules,
    trans
  );
  // A field that is not valid keeps the dialog's button from being pressed.
  React.useLayoutEffect(() => {
    field.current?.setCustomValidity(isPossible ? '' : text);
    field.current?.dispatchEvent(new Event('input', { bubbles: true }));
  }, [isPossible, text]);
  const known = new Set([
    DEFAULT_TAG,
    'stable',
    'canary',
    ...versions.flatMap(({ tags }) => Object.keys(tags))
  ]);
  const isDefault = tagging.tag === DEFAULT_TAG;
  return (
    <div className="jp-kitaru-tag-fields">
      <label htmlFor={`${id}-tag`}>{trans.__('Tag')}</label>
      <input
        ref={field}
        id={`${id}-tag`}
        name="tag"
        className="jp-mod-styled"
        type="text"
        value={tagging.tag}
        list={`${id}-known`}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${id}-told`}
        onChange={event => {
          onChange({ ...tagging, tag: event.target.value.trim() });
        }}
      />
      <datalist id={`${id}-known`}>
        {[...known].map(tag => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
      <fieldset disabled={isDefault}>
        <legend>{trans.__('Who has it')}</legend>
        {[true, false].map(exclusive => (
          <label key={String(exclusive)}>
            <input
              type="radio"
              name={`${id}-exclusive`}
              checked={(tagging.exclusive || isDefault) === exclusive}
              onChange={() => {
                onChange({ ...tagging, exclusive });
              }}
            />
            {exclusive
              ? trans.__('This version alone: it moves')
              : trans.__('Shared with other versions')}
          </label>
        ))}
      </fieldset>
      <p id={`${id}-told`} role="status" className="jp-kitaru-dim">
        {text}
      </p>
    </div>
  );
}
