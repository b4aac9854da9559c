import { addIcon, type LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export function AddButton(props: {
  label: string;
  disabled: boolean | undefined;
  onClick(event: React.MouseEvent): void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-kitaru-link jp-kitaru-add"
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <addIcon.react tag="span" width="14px" height="14px" />
      {props.label}
    </button>
  );
}

export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick(event: React.MouseEvent): void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-kitaru-icon-button"
      title={props.label}
      aria-label={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" width="14px" height="14px" />
    </button>
  );
}
