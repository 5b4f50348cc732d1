# Install rules: the command, the layers' libraries and headers, and find_package(nib).
