// The command `nib`.
#include <csignal>
#include <string>
#include <vector>

#include "nib/cli/cli.h"

int main(int argc, char** argv) {
  // A closed pipe and a file size limit show as failed writes, which are reported in order.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return nib::cli::run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
