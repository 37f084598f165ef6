# A small server: reads commands from standard input, so that runs interleave with other tools.
#   path TOL   fit the path                      -> seconds
#   cv TOL     cross-validate on the given folds -> seconds
#   save FILE  write the last answer as doubles  -> done
#   version                                      -> glmnet's and R's version
suppressPackageStartupMessages(library(glmnet))
folder <- commandArgs(trailingOnly = TRUE)[1]
read_numbers <- function(name) {
  path <- file.path(folder, name)
  readBin(path, "double", n = file.size(path) / 8)
}
y <- read_numbers("y")
x <- matrix(read_numbers("X"), nrow = length(y))
alphas <- read_numbers("alphas")
folds <- if (file.exists(file.path(folder, "folds"))) read_numbers("folds") else NULL
now <- function() as.numeric(Sys.time())

input <- file("stdin", open = "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  word <- strsplit(line, " ", fixed = TRUE)[[1]]
  if (word[1] == "path") {
    start <- now()
    fit <- glmnet(x, y, lambda = alphas, thresh = as.numeric(word[2]), intercept = FALSE,
                  standardize = FALSE)
    cat(now() - start, "\n")
    answer <- function() as.matrix(fit$beta)
  } else if (word[1] == "cv") {
    start <- now()
    fit <- cv.glmnet(x, y, lambda = alphas, thresh = as.numeric(word[2]), foldid = folds,
                     standardize = FALSE)
    cat(now() - start, "\n")
    answer <- function() fit$cvm
  } else if (word[1] == "save") {
    writeBin(as.vector(answer()), word[2])
    cat("done\n")
  } else {
    cat(as.character(packageVersion("glmnet")), "with", R.version.string, "\n")
  }
  flush(stdout())
}
