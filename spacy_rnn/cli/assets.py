from pathlib import Path
from typing import Annotated, Any

import typer
from click import NoSuchOption
from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer
from weasel.cli.assets import convert_asset_url
from weasel.cli.main import PROJECT_FILE
from weasel.util import (
    download_file,
    get_checksum,
    git_checkout,
    load_project_config,
    parse_config_overrides,
    working_dir,
)

from . import app
from ._util import CommandError, exit_on_error, staged


@app.command(
    "assets",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def assets_cli(
    ctx: typer.Context,  # only used to read the overrides of variables
    project_dir: Annotated[
        Path, Arg(help="Path to the project", exists=True, file_okay=False)
    ] = Path("."),
    under: Annotated[
        str, Opt("--under", "-u", help="Only fetch assets whose dest starts with this")
    ] = "",
    extra: Annotated[
        bool, Opt("--extra", "-e", help="Also fetch assets marked as 'extra'")
    ] = False,
) -> None:
    """
    Fetch project assets that a workflow can rely on. Like "project assets",
    but a wrong checksum or a failed download stops with exit code 1, and a
    file in place is never overwritten. Variables of the project.yml can be
    overridden as in "project assets", e.g. --vars.name value.
    """
    with exit_on_error():
        try:
            overrides = parse_config_overrides(ctx.args)
        except NoSuchOption as error:
            raise CommandError(
                f"No such option {error.option_name}: expected --under, --extra, or the override "
                f"of a variable such as --vars.name value."
            ) from error
        fetch_assets(project_dir, under=under, extra=extra, overrides=overrides, silent=False)


def fetch_assets(
    project_dir: Path,
    *,
    under: str = "",
    extra: bool = False,
    overrides: dict[str, Any] | None = None,
    silent: bool = True,
) -> list[Path]:
    """Make sure that the assets of a project are in place and intact.

    project_dir (Path): Path to the project.
    under (str): Only consider assets whose dest starts with this.
    extra (bool): Also consider assets marked as extra.
    overrides (Optional[dict[str, Any]]): Overrides of the project's variables.
    silent (bool): Don't print any output.
    RETURNS (list[Path]): The files that were missing and are now in place.
    RAISES (CommandError): If a file in place or a download is not the expected one, or a download
        fails. Files in place are left as they are.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    config = load_project_config(project_dir, overrides=overrides or {})
    assets = [a for a in config.get("assets", []) if extra or not a.get("extra", False)]
    selected = [asset for asset in assets if asset["dest"].startswith(under)]
    if not selected:
        if under:
            dests = ", ".join(asset["dest"] for asset in assets) or "none"
            raise CommandError(
                f"No asset in {PROJECT_FILE} is under '{under}', expected the start of one of "
                f"these destinations: {dests}."
            )
        msg.warn(f"No assets in {PROJECT_FILE}")
    fetched = []
    for asset in selected:
        dest = project_dir / asset["dest"]
        if dest.exists():
            problem = find_problem(dest, asset.get("checksum"))
            if problem:
                raise CommandError(
                    f"{dest} is in place, but {problem}: delete the file to download it again, or "
                    f"correct its checksum in {PROJECT_FILE}."
                )
            msg.good(f"In place: {dest}")
        else:
            fetch_asset(project_dir, asset)
            fetched.append(dest)
            msg.good(f"Fetched {dest}")
    return fetched


def fetch_asset(project_dir: Path, asset: dict[str, Any]) -> None:
    """Download an asset to a temporary name and move it into place if it is the expected one.

    project_dir (Path): Path to the project, which local paths are relative to.
    asset (dict[str, Any]): The asset's entry in the project.yml.
    RAISES (CommandError): If there is nothing to download from, the download fails, or what comes
        is not the expected file.
    """
    dest = project_dir / asset["dest"]
    git = asset.get("git")
    url = git.get("repo") if git else asset.get("url")
    if not url:
        raise CommandError(
            f"{dest} is missing and has no url in {PROJECT_FILE}: put the file there by hand."
        )
    with staged(dest.resolve()) as (part,), working_dir(project_dir):
        try:
            if git:
                git_checkout(url, git["path"], part, branch=git.get("branch") or "master")
            else:
                download_file(convert_asset_url(url), part)
        except Exception as error:  # each kind of url has a library with its own errors
            raise CommandError(
                f"Can't download {url} ({type(error).__name__}: {error}): check the url and the "
                f"network, or put the file by hand at {dest}."
            ) from error
        problem = find_problem(part, asset.get("checksum"))
        if problem:
            raise CommandError(
                f"{dest} is not downloaded: what {url} sends is not the expected file, as "
                f"{problem}: correct the url or the checksum in {PROJECT_FILE}, or put the right "
                f"file there by hand."
            )


def find_problem(path: Path, checksum: str | None) -> str | None:
    """Compare a file or directory with its checksum.

    path (Path): The file or directory.
    checksum (Optional[str]): The expected MD5 checksum. If there is none, anything but an empty
        file will do.
    RETURNS (Optional[str]): What is wrong, or None.
    """
    if checksum:
        got = get_checksum(path)
        return None if got == checksum.lower() else f"its md5 is {got}, expected {checksum}"
    return "it is empty" if path.is_file() and not path.stat().st_size else None
