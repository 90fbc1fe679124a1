{
  description = "fibra: Live Components for TypeScript, on an actor runtime built on Effect 4";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  # nix develop          a shell with Node 24 and the dependencies of package-lock.json
  # nix run .#start      the showcase (PORT is respected)
  # nix run .#test       nix run .#check       nix run .#build
  #
  # An app runs in the checkout it is called from: it is `npm run`, with the Node of nixpkgs.
  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forAllSystems = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});

      # The npm package `node` is for machines without a fit Node. Its binary does not start on NixOS, and here
      # nixpkgs brings one: it is taken out of the way after each install.
      install = ''
        if [ package-lock.json -nt node_modules/.package-lock.json ]; then
          npm ci
        fi
        rm -f node_modules/.bin/node
      '';

      script =
        pkgs: name:
        pkgs.writeShellApplication {
          name = "fibra-${name}";
          runtimeInputs = [ pkgs.nodejs_24 ];
          text = ''
            if [ ! -f package.json ]; then
              echo "fibra-${name}: no package.json here. Expected the root of the checkout: go there and run it again." >&2
              exit 1
            fi
            ${install}
            exec npm run ${name} -- "$@"
          '';
        };
    in
    {
      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          packages = [ pkgs.nodejs_24 ];
          shellHook = ''
            ${install}
            export PATH="$PWD/node_modules/.bin:$PATH"
          '';
        };
      });

      apps = forAllSystems (
        pkgs:
        let
          app = name: {
            type = "app";
            program = "${script pkgs name}/bin/fibra-${name}";
            meta.description = "npm run ${name}";
          };
          names = nixpkgs.lib.genAttrs [ "start" "test" "check" "build" ] app;
        in
        names // { default = names.start; }
      );
    };
}
