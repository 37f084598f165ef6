# Makes the figures of tests/test_schedule_figures.py with R's glmnet, relax = TRUE:
#   Rscript relax.R
# Reads glm_rows.csv and writes relax_rows.csv (the target of the orthonormal design) and
# relax_figures.csv beside it; feature -1 is the intercept. glmnet's gamma mixes two fits:
# gamma * lasso + (1 - gamma) * unpenalised fit on its support.
suppressMessages(library(glmnet))
rows <- read.csv("glm_rows.csv")
x <- as.matrix(rows[, grep("^X", names(rows))])
alphas <- c(0.3, 0.1, 0.05, 0.02, 0.01)
out <- NULL
glmnet.control(epsnr = 1e-15, mxitnr = 1000, fdev = 0, devmax = 1)
path <- function(case, family, x, y, at, ...) {
  made <- do.call(glmnet, list(x, y, family = family, lambda = at, thresh = 1e-20, maxit = 1e8,
                               relax = TRUE, path = TRUE, ...))  # its update() reads the call
  stopifnot(length(made$lambda) == length(at), made$jerr == 0)
  for (gamma in c(0, 0.5, 1)) for (k in seq_along(at)) {
    coef <- as.vector(coef(made, s = at[k], gamma = gamma))
    out <<- rbind(out, data.frame(case = case, gamma = gamma, alpha = at[k],
                                  feature = seq_along(coef) - 2, coef = sprintf("%.12g", coef)))
  }
}
path("squared", "gaussian", x, rows$count, alphas)
path("logistic", "binomial", x, rows$class, alphas)
path("poisson", "poisson", x, rows$count, alphas)
path("squared free", "gaussian", x, rows$count, alphas, penalty.factor = c(0, 2, rep(1, 6)))
h <- matrix(1)
for (k in 1:4) h <- rbind(cbind(h, h), cbind(h, -h))
set.seed(5)
y <- round(h[, -1] %*% c(2, -1, 0.5, rep(0, 12)) + rnorm(16), 3)
at <- c(0.5, 0.3, 0.2, 0.1, 0.05)  # with at most n - 3 features: beyond, glmnet relaxes no more
path("orthonormal", "gaussian", h[, -1], y, at, standardize = FALSE)
write.csv(data.frame(y), "relax_rows.csv", row.names = FALSE)
write.csv(out, "relax_figures.csv", row.names = FALSE, quote = FALSE)
